/** What outlives a reload. */

import type { SubmitInput } from './submit.ts';

interface Memory {
  /** Of the last completion that was processed. */
  readonly cursor: string | null;
  /** Ids of the videos submitted here whose end has not been told yet. */
  readonly open: readonly string[];
  /** What was sent, with its idempotencyKey, until it is answered. */
  readonly submit: SubmitInput | null;
  /** Ids of the videos whose end was told while it waited: its own may be among them. */
  readonly early: readonly string[];
  /** What was written and not sent, by the form that it was written in; the newest last. */
  readonly drafts: Readonly<Record<string, string>>;
}

const KEY = 'longtake';
const NOTHING: Memory = { cursor: null, open: [], submit: null, early: [], drafts: {} };

export function recall(): Memory {
  try {
    return { ...NOTHING, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return NOTHING;
  }
}

/** Written at once: what comes next may be the end of the page. */
export function remember(changes: Partial<Memory>): void {
  localStorage.setItem(KEY, JSON.stringify({ ...recall(), ...changes }));
}

const MAX_DRAFTS = 20;

export function rememberDraft(form: string, text: string): void {
  const { [form]: _, ...others } = recall().drafts;
  const drafts = text.trim() === '' ? others : { ...others, [form]: text };
  remember({ drafts: Object.fromEntries(Object.entries(drafts).slice(-MAX_DRAFTS)) });
}

/** What was sent is no draft any more, in whichever form it stands. */
export function forgetDraft(prompt: string): void {
  const drafts = Object.entries(recall().drafts).filter(([, text]) => text.trim() !== prompt);
  remember({ drafts: Object.fromEntries(drafts) });
}

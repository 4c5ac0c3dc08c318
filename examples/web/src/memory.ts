/** State that survives a reload. */

import type { SubmitInput } from './submit.ts';

interface Memory {
  /** Of the last completion that was processed. */
  readonly cursor: string | null;
  /** Ids of the videos submitted here whose end was not shown yet. */
  readonly open: readonly string[];
  /** The submit without an answer yet, with its idempotencyKey. */
  readonly submit: SubmitInput | null;
  /** Ids of the videos that ended while the submit waited, perhaps its own. */
  readonly early: readonly string[];
  /** Drafts by form, the newest last. */
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

/** Written synchronously, because the page may be closed next. */
export function remember(changes: Partial<Memory>): void {
  localStorage.setItem(KEY, JSON.stringify({ ...recall(), ...changes }));
}

const MAX_DRAFTS = 20;

export function rememberDraft(form: string, text: string): void {
  const { [form]: _, ...others } = recall().drafts;
  const drafts = text.trim() === '' ? others : { ...others, [form]: text };
  remember({ drafts: Object.fromEntries(Object.entries(drafts).slice(-MAX_DRAFTS)) });
}

/** Deletes the drafts of a prompt that was sent, in every form. */
export function forgetDraft(prompt: string): void {
  const drafts = Object.entries(recall().drafts).filter(([, text]) => text.trim() !== prompt);
  remember({ drafts: Object.fromEntries(drafts) });
}

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
}

const KEY = 'longtake';
const NOTHING: Memory = { cursor: null, open: [], submit: null, early: [] };

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

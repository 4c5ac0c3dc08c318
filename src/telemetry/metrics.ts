/** The interface for counting everything but requests. Callers do not depend on Prometheus. */

import { ERROR_CODES, type ErrorCode, isSubmitError } from '../error-table.ts';
import type { FailureReason } from '../video.ts';

/** A known code of the upstream's envelope, or a word for any other outcome. */
export const UPSTREAM_CODES = [
  ...['200', '401', '402', '404', '422', '429', '433', '451', '455', '500'],
  ...['other', 'unreadable', 'lost', 'unreachable', 'left'],
] as const;

/** `SCHEDULED`: accepted, to be sent later. */
export type SubmitOutcome = 'ok' | 'SCHEDULED' | ErrorCode;

/** A submit with the key of another one has no row of its own and is not counted. */
export const SUBMIT_OUTCOMES: readonly SubmitOutcome[] = [
  'ok',
  'SCHEDULED',
  ...ERROR_CODES.filter((code) => isSubmitError(code) && code !== 'IDEMPOTENCY_CONFLICT'),
];

/** The first two end a task. The next three are acknowledged and change nothing. The rest are refused. */
export const CALLBACK_OUTCOMES = [
  ...(['succeeded', 'failed', 'progress', 'repeated', 'no_file'] as const),
  ...(['unknown_url', 'not_post', 'cut_off', 'too_large', 'not_a_callback'] as const),
  ...(['unsigned', 'another_task', 'pruned', 'unavailable', 'error'] as const),
] as const;
export type CallbackOutcome = (typeof CALLBACK_OUTCOMES)[number];

/**
 * What found the end of a task. `deadline`: the gateway gave the task up. `submit`: the upstream refused
 * a scheduled one.
 */
export const FINDERS = [
  ...(['callback', 'reconciliation', 'client_read', 'deadline'] as const),
  ...(['submit', 'withdrawal'] as const),
] as const;
export type Finder = (typeof FINDERS)[number];

/** `unknown`: the upstream does not know the task (yet). */
export const READ_OUTCOMES = ['ended', 'open', 'unknown', 'failed'] as const;
export type ReadOutcome = (typeof READ_OUTCOMES)[number];

export type TaskEnd = 'SUCCEEDED' | 'WITHDRAWN' | FailureReason;

/** `destination_failed`: nothing was wrong with the file, and it is tried again. */
export const COPY_OUTCOMES = ['kept', 'retried', 'given_up', 'destination_failed', 'lost'] as const;
export type CopyOutcome = (typeof COPY_OUTCOMES)[number];

export interface Metrics {
  upstreamCall(method: 'GET' | 'POST', code: string, seconds: number): void;
  /** Counts a submit that was answered, or refused before it had a row. */
  submit(outcome: SubmitOutcome): void;
  /** Records how long a submit waited for the upstream's rate limit. */
  gateWait(isLetThrough: boolean, seconds: number): void;
  /** Records how long a scheduled submit waited until it was sent. */
  queueWait(seconds: number): void;
  /** Counts a task that was reported in an unknown state. */
  unknownState(): void;
  callback(outcome: CallbackOutcome): void;
  /** Counts the committed end of a task. `tookMs` is the time since its POST, in milliseconds; null: unknown. */
  taskEnd(end: TaskEnd, tookMs: number | null, finder: Finder): void;
  reconciliationRead(outcome: ReadOutcome): void;
  /** Counts an attempt to copy a file. */
  copy(outcome: CopyOutcome, bytes: number): void;
}

export const NO_METRICS: Metrics = {
  upstreamCall() {},
  submit() {},
  gateWait() {},
  queueWait() {},
  unknownState() {},
  callback() {},
  taskEnd() {},
  reconciliationRead() {},
  copy() {},
};

/** What is counted beside the requests, for those who count: they know this and not Prometheus. */

import type { ErrorCode } from '../errors.ts';
import type { FailureReason } from '../video.ts';

/** The envelope's code where it is one of the known ones; what else there was to hear, in words. */
export const UPSTREAM_CODES = [
  ...['200', '401', '402', '404', '422', '429', '433', '451', '455', '500'],
  ...['other', 'unreadable', 'lost', 'unreachable', 'left'],
] as const;

export const SUBMIT_OUTCOMES = [
  'ok',
  'INVALID_INPUT',
  'VIDEO_NOT_FOUND',
  'SOURCE_UNAVAILABLE',
  'RATE_LIMITED',
  'UPSTREAM_UNAUTHORIZED',
  'INSUFFICIENT_CREDITS',
  'UPSTREAM_MAINTENANCE',
  'UPSTREAM_ERROR',
  'UPSTREAM_UNREACHABLE',
  'OUTCOME_UNKNOWN',
  'GATEWAY_UNAVAILABLE',
] as const satisfies readonly ('ok' | ErrorCode)[];

/** The first two are ends; the next three are acknowledged, too; the rest is refused. */
export const CALLBACK_OUTCOMES = [
  ...(['succeeded', 'failed', 'progress', 'repeated', 'no_file'] as const),
  ...(['unknown_url', 'not_post', 'cut_off', 'too_large', 'not_a_callback'] as const),
  ...(['unsigned', 'another_task', 'pruned', 'unavailable', 'error'] as const),
] as const;
export type CallbackOutcome = (typeof CALLBACK_OUTCOMES)[number];

/** Who brought the news of a task's end; `deadline`: nobody, the gateway gave it up. */
export const FINDERS = ['callback', 'reconciliation', 'client_read', 'deadline'] as const;
export type Finder = (typeof FINDERS)[number];

/** `unknown`: the upstream does not know the task (yet). */
export const READ_OUTCOMES = ['ended', 'open', 'unknown', 'failed'] as const;
export type ReadOutcome = (typeof READ_OUTCOMES)[number];

export interface Metrics {
  upstreamCall(method: 'GET' | 'POST', code: string, seconds: number): void;
  /** A submit has been settled, or refused before it had a row. */
  submit(outcome: 'ok' | ErrorCode): void;
  /** How long a submit waited for its place among the upstream's allowance. */
  gateWait(isLetThrough: boolean, seconds: number): void;
  /** A task was reported with a state word that is not known here. */
  unknownState(): void;
  callback(outcome: CallbackOutcome): void;
  /** A task has ended, and the end is committed. */
  taskEnd(id: string, end: 'SUCCEEDED' | FailureReason, finder: Finder): void;
  reconciliationRead(outcome: ReadOutcome): void;
}

export const NO_METRICS: Metrics = {
  upstreamCall() {},
  submit() {},
  gateWait() {},
  unknownState() {},
  callback() {},
  taskEnd() {},
  reconciliationRead() {},
};

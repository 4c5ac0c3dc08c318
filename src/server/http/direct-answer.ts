/** A faster way to answer a POST of JSON than through Yoga's HTTP adapter; see src/fast. */

import type { Caller } from '../../context.ts';

export interface DirectAnswer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Answers a request's body, always with status 200, because something was executed. Null: nothing was
 * executed, and Yoga answers instead.
 *
 * @param contentType of the answer.
 * @param startedAt when the request arrived, by `performance.now()`: the answer is counted here.
 */
export type AnswerDirectly = (
  body: string,
  contentType: string,
  caller: Caller,
  startedAt: number,
) => DirectAnswer | null | Promise<DirectAnswer | null>;

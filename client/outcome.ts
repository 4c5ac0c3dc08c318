/** When a video or a sequence has ended, and which ends are errors. */

import { type ErrorFacts, LongtakeError } from './error.ts';
import type { Made } from './operations.ts';
import type { Sequence, Video } from './schema.ts';

const FINAL = ['SUCCEEDED', 'FAILED', 'WITHDRAWN', 'COMPLETED', 'CANCELLED'];

export function isFinal({ state }: Made): boolean {
  return FINAL.includes(state);
}

/** Whether nothing happens until somebody decides. */
export function isAtRest(made: Made): boolean {
  return isFinal(made) || made.state === 'PAUSED';
}

/** @throws LongtakeError if a video has failed or was withdrawn, or a sequence is paused. */
export function toOutcome<Task extends Made>(made: Task): Task {
  const facts = 'shots' in made ? toSequenceFacts(made) : toVideoFacts(made);
  if (facts) throw new LongtakeError(facts);
  return made;
}

function toVideoFacts(video: Video): ErrorFacts | null {
  const { state, failure } = video;
  if (state === 'SUCCEEDED') return null;
  if (failure) return { ...failure, code: 'VIDEO_FAILED', failure, video };
  const message = 'The request was withdrawn, and was not paid.';
  return { code: 'VIDEO_WITHDRAWN', message, video };
}

function toSequenceFacts(sequence: Sequence): ErrorFacts | null {
  const { state, problem } = sequence;
  if (state !== 'PAUSED') return null;
  const { message = 'The sequence is paused.', failure, video } = problem ?? {};
  return { ...failure, code: 'SEQUENCE_PAUSED', message, failure, video, sequence };
}

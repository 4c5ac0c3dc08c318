/** Sequences as a client makes and follows them. */

import {
  CancelSequenceDocument,
  CreateSequenceDocument,
  type CreateSequenceInput,
  FollowSequenceDocument,
  ReadSequenceDocument,
  ResumeSequenceDocument,
  type ResumeSequenceInput,
  type SequencePartsFragment,
} from '../generated/graphql.ts';
import { postCallback, toSuccess } from './callback.ts';
import type { TestCaller } from './gateway.ts';
import type { HeldSubmit, HeldUpstream } from './held-upstream.ts';

export type FilmState = SequencePartsFragment;

export const ORIGINAL = {
  prompt: 'A cat dances',
  aspectRatio: 'LANDSCAPE_16_9',
  duration: 5,
} as const;

let keys = 0;

/** Shots named by their prompts, after an original. */
export function toFilm(
  prompts: readonly string[],
  changes: Partial<CreateSequenceInput> = {},
): CreateSequenceInput {
  keys += 1;
  return {
    start: { original: ORIGINAL },
    shots: prompts.map((prompt) => ({ prompt })),
    quality: 'P720',
    retries: 0,
    idempotencyKey: `film-${keys}`,
    ...changes,
  };
}

export async function create(caller: TestCaller, input: CreateSequenceInput): Promise<FilmState> {
  const { data, errors } = await caller.graphql(CreateSequenceDocument, { input });
  const result = data?.createSequence;
  if (result?.__typename !== 'CreateSequenceSuccess')
    throw new Error(JSON.stringify(errors ?? result));
  return result.sequence;
}

/** The error that a creation is refused with. */
export async function refuse(caller: TestCaller, input: CreateSequenceInput) {
  const { data } = await caller.graphql(CreateSequenceDocument, { input });
  const result = data.createSequence;
  if (result.__typename === 'CreateSequenceSuccess') throw new Error('It was created.');
  return result;
}

export async function resume(
  caller: TestCaller,
  id: string,
  changes: Partial<ResumeSequenceInput> = {},
) {
  keys += 1;
  const input = { id, idempotencyKey: `resume-${keys}`, ...changes };
  return (await caller.graphql(ResumeSequenceDocument, { input })).data.resumeSequence;
}

export async function cancel(caller: TestCaller, id: string) {
  return (await caller.graphql(CancelSequenceDocument, { id })).data.cancelSequence;
}

export async function readFilm(caller: TestCaller, id: string): Promise<FilmState> {
  const { data } = await caller.graphql(ReadSequenceDocument, { id });
  if (!data.sequence) throw new Error('The sequence is not there.');
  return data.sequence;
}

/** Waits until the sequence is as described, and returns it. */
export async function waitFor(
  caller: TestCaller,
  id: string,
  isThere: (film: FilmState) => boolean,
): Promise<FilmState> {
  const socket = await caller.socket();
  const events = socket.subscribe(FollowSequenceDocument, { id });
  for (;;) {
    const event = await events.next();
    if (!event) {
      const film = await readFilm(caller, id);
      await socket.close();
      if (isThere(film)) return film;
      throw new Error(`It ended as ${JSON.stringify(film)}.`);
    }
    if (isThere(event.data.sequenceUpdated)) {
      await socket.close();
      return event.data.sequenceUpdated;
    }
  }
}

export const inState = (state: string) => (film: FilmState) => film.state === state;

/** Takes the next submit of the upstream and lets it succeed. */
export async function pass(upstream: HeldUpstream, taskId: string): Promise<HeldSubmit> {
  const submit = await upstream.nextSubmit();
  submit.accept(taskId);
  await succeed(submit, taskId);
  return submit;
}

export async function succeed({ callback }: HeldSubmit, taskId: string): Promise<void> {
  const { status } = await postCallback(callback.url, toSuccess(taskId));
  if (status !== 200) throw new Error(`The callback was answered ${status}.`);
}

/** A failure for a reason that may pass, or for one that does not. */
export async function fail(
  { callback }: HeldSubmit,
  taskId: string,
  kind: 'passing' | 'final' = 'final',
): Promise<void> {
  const msg =
    kind === 'passing'
      ? 'Upload failed due to network reasons, please re-enter.'
      : 'Your prompt was caught by our AI moderator. Please adjust it and try again!';
  await postCallback(callback.url, { code: 400, msg, data: { task_id: taskId } });
}

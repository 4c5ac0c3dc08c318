import { z } from 'zod';
import { InvalidInputError, UpstreamError, VideoNotFoundError } from '../errors.ts';
import type { ReportedState, VideoFailure, VideoFiles } from '../video.ts';
import { AnswerLostError } from './answer-lost.ts';
import type { UpstreamClient } from './client.ts';
import { toReadData } from './envelope.ts';
import type { ExchangeLimits } from './exchange.ts';
import { toFailure } from './failure-text.ts';
import { toFiles, toUpstreamUrl } from './files.ts';
import { type RetryLimits, withRetries } from './retry.ts';
import {
  LooseBoolean,
  LooseInt,
  LooseName,
  LooseTaskId,
  LooseText,
  unwrapJson,
  WireInt,
} from './wire.ts';

/** The upstream's current report of a task. */
export interface TaskReport {
  readonly taskId: string;
  /** Null for an unknown word, unless a file or a failure text shows that the task has ended. */
  readonly state: ReportedState | null;
  /** The video that this one extends. */
  readonly sourceTaskId: string | null;
  readonly prompt: string | null;
  readonly imageUrl: string | null;
  readonly expandPrompt: boolean | null;
  /** Null while there is no address that a browser could open, unless a success has expired. */
  readonly files: VideoFiles | null;
  /** Set exactly when `state` is FAILED. */
  readonly failure: VideoFailure | null;
  /** The upstream has deleted the files. */
  readonly expired: boolean;
}

const STATES: ReadonlyMap<string, NonNullable<TaskReport['state']>> = new Map([
  ['wait', 'WAITING'],
  ['waiting', 'WAITING'],
  ['queueing', 'QUEUED'],
  ['queuing', 'QUEUED'],
  ['generating', 'GENERATING'],
  ['success', 'SUCCEEDED'],
  ['fail', 'FAILED'],
]);

const WireParam = z.preprocess(
  unwrapJson,
  z
    .object({ prompt: LooseText, imageUrl: LooseText, expandPrompt: LooseBoolean })
    .catch({ prompt: null, imageUrl: null, expandPrompt: null }),
);

const WireVideo = z.preprocess(
  unwrapJson,
  z
    .object({ videoId: LooseName, videoUrl: LooseText, imageUrl: LooseText })
    .catch({ videoId: null, videoUrl: null, imageUrl: null }),
);

/** `generateTime` is ignored: it has no time zone. */
const WireTask = z.object({
  taskId: LooseTaskId,
  parentTaskId: LooseTaskId,
  /** Observed instead of `parentTaskId`. */
  parentId: LooseTaskId,
  generateParam: WireParam,
  state: LooseText,
  videoInfo: WireVideo,
  failCode: LooseInt,
  failMsg: LooseText,
  expireFlag: z.union([WireInt, z.boolean().transform(Number)]).catch(0),
});

/**
 * Reads a task; null when the upstream does not know it, or does not know it yet. Safe to repeat:
 * up to three attempts within the client's deadline. Ends when the caller leaves.
 *
 * @throws GatewayError, where UpstreamError without an upstreamCode is an answer that was lost or
 * spoke of another task; the signal's reason once that has aborted.
 * @see https://docs.apikley.ru (Get AI Video Details)
 */
export async function fetchDetails(
  client: UpstreamClient,
  taskId: string,
  { signal, mayRepeat }: Omit<RetryLimits, 'timeoutMs'> = {},
): Promise<TaskReport | null> {
  // A lone surrogate cannot be encoded.
  const query = `taskId=${encodeURIComponent(taskId.toWellFormed())}`;
  const path = `/api/v1/runway/record-detail?${query}`;
  const data = await withRetries((timeoutMs) => read(client, path, taskId, { timeoutMs, signal }), {
    timeoutMs: client.timeoutMs,
    signal,
    mayRepeat,
  });
  return isEmpty(data) ? null : toReport(client, taskId, data);
}

/** One attempt: the `data`, or null when the upstream says that there is no such task. */
async function read(
  client: UpstreamClient,
  path: string,
  taskId: string,
  limits: ExchangeLimits,
): Promise<unknown> {
  try {
    const answer = await client.read(path, limits);
    return toReadData(answer, { taskId, redact: client.redact });
  } catch (error) {
    // A fresh task may answer 422 ("recordInfo is null") for a while.
    if (error instanceof VideoNotFoundError || error instanceof InvalidInputError) return null;
    if (error instanceof AnswerLostError) throw toUnreadable(error.cause, error.retryAfter);
    throw error;
  }
}

/** A lost answer to a read is an ordinary error: a read can be repeated. */
function toUnreadable(cause: Error, retryAfter: number | null = null): UpstreamError {
  const facts = { upstreamCode: null, upstreamMessage: null, retryAfter };
  return new UpstreamError(facts, { cause, retryable: true });
}

function isEmpty(data: unknown): boolean {
  if (typeof data === 'object' && data !== null) return Object.keys(data).length === 0;
  return data === null || data === undefined || data === '';
}

function toReport(client: UpstreamClient, taskId: string, data: unknown): TaskReport {
  const task = WireTask.safeParse(unwrapJson(data)).data;
  if (!task) throw toUnreadable(new Error('data is not an object'));
  if (task.taskId !== null && task.taskId !== taskId) {
    throw toUnreadable(new Error('the answer is about another task'));
  }

  const { generateParam: param, videoInfo: video } = task;
  const failMessage = task.failMsg && client.redact(task.failMsg);
  const expired = task.expireFlag === 1;
  const files = toFiles(video.videoId, video.videoUrl, video.imageUrl);
  const word = task.state?.trim().toLowerCase() ?? '';
  const known = STATES.get(word);
  if (known === undefined) client.noteUnknownState(word);
  const state = known ?? toEndState(files, failMessage);
  const isGone = state === 'SUCCEEDED' && files === null && expired;
  return {
    taskId,
    state,
    sourceTaskId: task.parentTaskId ?? task.parentId,
    prompt: param.prompt,
    imageUrl: toUpstreamUrl(param.imageUrl),
    expandPrompt: param.expandPrompt,
    files: isGone ? { videoId: video.videoId, videoUrl: null, coverUrl: null } : files,
    failure: state === 'FAILED' ? toFailure(failMessage, task.failCode) : null,
    expired,
  };
}

/** The end of a task whose state word is missing or not known; null while nothing shows that it ended. */
function toEndState(
  files: VideoFiles | null,
  failMessage: string | null,
): 'SUCCEEDED' | 'FAILED' | null {
  if (files) return 'SUCCEEDED';
  return failMessage === null ? null : 'FAILED';
}

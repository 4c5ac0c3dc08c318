import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Reply } from './replies.ts';
import { sendHalf, sendReply, toEnvelope, toErrorPage } from './replies.ts';
import type { Behaviour } from './scenarios.ts';
import { findBehaviour, REFUSALS } from './scenarios.ts';
import type { SandboxTask, Tasks } from './tasks.ts';

/** `callBackUrl` is "required for all video extension requests", though the schema omits it. */
const ExtendRequest = z.object({
  taskId: z.string().min(1),
  prompt: z
    .string()
    .min(1)
    .refine((prompt) => [...prompt].length <= 2048, 'longer than 2048 characters'),
  quality: z.enum(['720p', '1080p']),
  callBackUrl: z.url({ protocol: /^https?$/ }),
  waterMark: z.string().nullish(),
  imageUrl: z.string().nullish(),
  expandPrompt: z.boolean().nullish(),
});

const RETRY_AFTER = { 'retry-after': '10' };

/** The decision about a request. `task` is null if none was created. */
export interface Verdict {
  readonly reply: Reply;
  readonly task: SandboxTask | null;
}

/** Synchronous, so that the task exists by the time the request is recorded. */
export function judgeExtension(body: unknown, tasks: Tasks): Verdict {
  const parsed = ExtendRequest.safeParse(body);
  if (!parsed.success) return toInvalid(parsed.error);

  const { taskId: parentTaskId, prompt, imageUrl, expandPrompt, callBackUrl } = parsed.data;
  const behaviour = findBehaviour(prompt);
  const refusal = findRefusal(behaviour, prompt, tasks);
  if (refusal) return refusal;

  const source = tasks.byId.get(parentTaskId);
  if (!source) return { reply: toEnvelope(404, `No task ${parentTaskId}`), task: null };
  if (source.state !== 'success') {
    return { reply: toEnvelope(422, 'taskId: the video to extend is not finished'), task: null };
  }

  const task = tasks.create({
    parentTaskId,
    prompt,
    imageUrl: imageUrl ?? null,
    expandPrompt: expandPrompt ?? false,
    callBackUrl,
    behaviour,
  });
  return toAccepted(task);
}

export function toAccepted(task: SandboxTask): Verdict {
  return { reply: toEnvelope(200, 'success', { data: { taskId: task.taskId } }), task };
}

export function toInvalid(error: z.ZodError): Verdict {
  const faults = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { reply: toEnvelope(422, faults.join('; ')), task: null };
}

/** Undefined: the prompt asks for no refusal, or not for another one. */
export function findRefusal(
  { refusal }: Behaviour,
  prompt: string,
  tasks: Tasks,
): Verdict | undefined {
  if (!refusal) return undefined;
  return refusal.once && !tasks.noteFirst(prompt) ? undefined : toRefusal(refusal);
}

function toRefusal({ code, as }: NonNullable<Behaviour['refusal']>): Verdict {
  const headers = code === 429 ? RETRY_AFTER : {};
  const reply =
    as === 'page'
      ? toErrorPage(code, headers)
      : toEnvelope(code, REFUSALS[code] ?? '', { status: as === 'status' ? code : 200, headers });
  return { reply, task: null };
}

export interface Answerer {
  /** Sends the answer in the way that the prompt asks for. */
  answer(response: ServerResponse, verdict: Verdict): Promise<void>;
  /** Sends an answer that `#slow-answer` holds back. False: there is none. */
  release(taskId: string): boolean;
}

/** Without autoplay, only `release` sends a late answer. */
export function createAnswerer(options: {
  tasks: Tasks;
  stepMs: number;
  autoplay: boolean;
  signal: AbortSignal;
}): Answerer {
  const { tasks, stepMs, autoplay, signal } = options;
  const held = new Map<string, () => void>();

  async function hold(taskId: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    held.set(taskId, resolve);
    // `close` ends the wait early and cuts the connection.
    if (autoplay) sleep(stepMs * 10, undefined, { signal, ref: false }).then(resolve, resolve);
    await promise;
    held.delete(taskId);
  }

  return {
    async answer(response, { reply, task }) {
      switch (task?.behaviour.answering) {
        case 'never':
          return;
        case 'connection cut':
          response.destroy();
          return;
        case 'cut off':
          return sendHalf(response, reply);
        case 'empty':
          return sendReply(response, { ...reply, body: '' });
        case 'no task id':
          return sendReply(response, toEnvelope(200, 'success', { data: {} }));
        case 'error':
          return sendReply(response, toEnvelope(500, REFUSALS[500] ?? ''));
        case 'late':
          await hold(task.taskId);
          break;
        case 'after callback':
          await tasks.complete(task);
          break;
      }
      sendReply(response, reply);
    },

    release(taskId) {
      const letGo = held.get(taskId);
      letGo?.();
      return letGo !== undefined;
    },
  };
}

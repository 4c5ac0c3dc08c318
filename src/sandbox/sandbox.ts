/** A stand-in for the upstream API over real HTTP: no credits, no network. See docs/sandbox.md. */

import { createServer } from 'node:http';
import { listen } from '../server/listen.ts';
import type { CallbackDelivery } from './callbacks.ts';
import { createCallbackSender } from './callbacks.ts';
import { createAnswerer } from './extend.ts';
import { createJournal } from './journal.ts';
import type { SandboxLogger } from './logger.ts';
import type { RateLimit } from './rate-limit.ts';
import { createRateLimiter } from './rate-limit.ts';
import { toCallback } from './records.ts';
import type { Outcome } from './scenarios.ts';
import type { RecordedRequest } from './server.ts';
import { createHandler } from './server.ts';
import type { SandboxTask } from './tasks.ts';
import { createTasks } from './tasks.ts';

export type { CallbackDelivery } from './callbacks.ts';
export type { SandboxLogger } from './logger.ts';
export type { RateLimit } from './rate-limit.ts';
export type { Outcome } from './scenarios.ts';
export type { RecordedRequest } from './server.ts';
export type { SandboxTask, TaskState } from './tasks.ts';
export { ORIGINAL_TASK_ID } from './tasks.ts';

export interface SandboxOptions {
  /** 0 selects a free port. */
  readonly port?: number;
  readonly host?: string;
  /** The base of its file URLs. Default: `http://host:port`. */
  readonly publicUrl?: string | undefined;
  readonly apiKey?: string;
  /** How long a task stays at each of `wait`, `queueing` and `generating`. */
  readonly stepMs?: number;
  /** False: tasks advance only by `advance` and `complete`, and late answers are sent only by `answer`. */
  readonly autoplay?: boolean;
  /** The waits before the retries of a callback; the provider's are 1, 5 and 15 minutes. */
  readonly retryDelaysMs?: readonly number[];
  /** How long a callback waits for its answer. */
  readonly callbackTimeoutMs?: number;
  /** Signs the callbacks. */
  readonly webhookHmacKey?: string | undefined;
  /** Of extend requests; null is off. */
  readonly rateLimit?: RateLimit | null;
  readonly logger?: SandboxLogger;
}

/** Methods with a task id throw if there is no such task. */
export interface Sandbox extends AsyncDisposable {
  readonly url: string;
  /** In order of arrival, the latest 10,000. */
  readonly requests: readonly RecordedRequest[];
  /** One entry for each attempt, in the order in which they ended. */
  readonly callbacks: readonly CallbackDelivery[];
  /** By task id, the original video included. */
  readonly tasks: ReadonlyMap<string, Readonly<SandboxTask>>;
  /** The first matching request that no earlier call has returned, recorded already or in the future. */
  nextRequest(accepts?: (request: RecordedRequest) => boolean): Promise<RecordedRequest>;
  /** The same for callbacks; resolves when the attempt has been answered or has failed. */
  nextCallback(accepts?: (delivery: CallbackDelivery) => boolean): Promise<CallbackDelivery>;
  /** Advances the task by one state. The last step resolves when the first callback attempt has ended. */
  advance(taskId: string): Promise<void>;
  /** Ends the task, as its prompt says or with the given outcome, and sends its callback. */
  complete(taskId: string, outcome?: Outcome): Promise<void>;
  /** Sends the callback once, in any state. `body` replaces the whole body. */
  sendCallback(taskId: string, body?: unknown): Promise<CallbackDelivery>;
  /** Sends the answer that `#slow-answer` holds back; throws if there is none. */
  answer(taskId: string): void;
  /** Cuts open connections, stops retries, rejects pending `next…` promises. */
  close(): Promise<void>;
}

/** @throws Error with a sentence for the operator when the port is in use. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', apiKey = 'sandbox-key', webhookHmacKey, logger } = options;
  const { stepMs = 1000, autoplay = true, callbackTimeoutMs: timeoutMs = 15_000 } = options;
  const { retryDelaysMs = [1000, 5000, 15_000], rateLimit = null } = options;

  const server = createServer();
  const address = await listen(server, host, port);
  const url = options.publicUrl ?? address;

  const closing = new AbortController();
  const { signal } = closing;
  const requests = createJournal<RecordedRequest>();
  const deliveries = createJournal<CallbackDelivery>();
  const callbacks = createCallbackSender({
    deliveries,
    timeoutMs,
    retryDelaysMs,
    webhookHmacKey,
    signal,
    logger,
  });
  const tasks = createTasks({
    stepMs,
    autoplay,
    signal,
    async onEnded(task) {
      const body = toCallback(task, url);
      for (let n = task.behaviour.callbacks ?? 1; n > 0; n--) await callbacks.deliver(task, body);
    },
  });
  const answerer = createAnswerer({ tasks, stepMs, autoplay, signal });
  const limit = createRateLimiter(rateLimit);
  server.on('request', createHandler({ url, apiKey, tasks, requests, answerer, limit, logger }));

  function find(taskId: string): SandboxTask {
    const task = tasks.byId.get(taskId);
    if (!task) throw new Error(`The sandbox has no task ${taskId}.`);
    return task;
  }

  let closed: Promise<void> | undefined;
  function close(): Promise<void> {
    closed ??= new Promise((resolve) => {
      closing.abort();
      requests.close();
      deliveries.close();
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  }

  return {
    url,
    requests: requests.entries,
    callbacks: deliveries.entries,
    tasks: tasks.byId,
    nextRequest: requests.next,
    nextCallback: deliveries.next,
    advance: async (taskId) => tasks.advance(find(taskId)),
    complete: async (taskId, outcome) => tasks.complete(find(taskId), outcome),
    async sendCallback(taskId, body) {
      const task = find(taskId);
      return callbacks.sendOnce(task, body ?? toCallback(task, url));
    },
    answer(taskId) {
      if (!answerer.release(taskId)) throw new Error(`No answer is held back for ${taskId}.`);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

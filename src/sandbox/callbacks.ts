import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from './journal.ts';
import type { SandboxLogger } from './logger.ts';
import type { SandboxTask } from './tasks.ts';

/** One attempt to deliver one callback, recorded when it has ended. */
export interface CallbackDelivery {
  readonly taskId: string;
  readonly callBackUrl: string;
  readonly body: unknown;
  /** 1 is the first attempt, 2 the first retry. */
  readonly attempt: number;
  readonly at: number;
  /** Null: no answer came; `error` says why. */
  readonly status: number | null;
  readonly error: string | null;
  /** HTTP status 200 and code 200 in the envelope: no retries follow. */
  readonly acknowledged: boolean;
}

export interface CallbackOptions {
  readonly deliveries: Journal<CallbackDelivery>;
  readonly timeoutMs: number;
  readonly retryDelaysMs: readonly number[];
  readonly webhookHmacKey: string | undefined;
  /** Stops attempts and retries. */
  readonly signal: AbortSignal;
  readonly logger: SandboxLogger | undefined;
}

export interface CallbackSender {
  /** One attempt without retries. Never throws because of the receiver. */
  sendOnce(task: SandboxTask, body: unknown, attempt?: number): Promise<CallbackDelivery>;
  /** Resolves after the first attempt. Retries, if needed, continue in the background. */
  deliver(task: SandboxTask, body: unknown): Promise<void>;
}

export function createCallbackSender(options: CallbackOptions): CallbackSender {
  const { deliveries, timeoutMs, retryDelaysMs, webhookHmacKey, signal, logger } = options;

  async function sendOnce(
    task: SandboxTask,
    body: unknown,
    attempt = 1,
  ): Promise<CallbackDelivery> {
    const at = Date.now();
    const result = await post(task.callBackUrl, JSON.stringify(body), {
      headers: webhookHmacKey ? toSignature(task.taskId, webhookHmacKey) : {},
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const { taskId, callBackUrl } = task;
    const delivery = { taskId, callBackUrl, body, attempt, at, ...result };
    // An attempt that `close` interrupted says nothing about the receiver.
    if (signal.aborted) return delivery;
    deliveries.add(delivery);
    logger?.info({ taskId, attempt, ...result }, 'callback');
    return delivery;
  }

  async function retry(task: SandboxTask, body: unknown): Promise<void> {
    for (const [index, delayMs] of retryDelaysMs.entries()) {
      await sleep(delayMs, undefined, { signal, ref: false });
      const { acknowledged } = await sendOnce(task, body, index + 2);
      if (acknowledged) return;
    }
  }

  return {
    sendOnce,
    async deliver(task, body) {
      const { acknowledged } = await sendOnce(task, body);
      // `retry` rejects only when the signal stops the retries.
      if (!acknowledged) retry(task, body).catch(() => {});
    },
  };
}

async function post(
  url: string,
  body: string,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
): Promise<Pick<CallbackDelivery, 'status' | 'error' | 'acknowledged'>> {
  let status: number | null = null;
  try {
    const response = await fetch(url, {
      method: 'POST',
      // A new connection for each attempt: a stale idle one would waste the attempt.
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
      body,
      redirect: 'manual',
      signal,
    });
    status = response.status;
    const answer: unknown = JSON.parse(await response.text());
    return { status, error: null, acknowledged: status === 200 && isConfirmation(answer) };
  } catch (error) {
    return { status, error: toReason(error), acknowledged: false };
  }
}

/** As at the provider, the signature covers the task id and the time, but not the body. */
function toSignature(taskId: string, key: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64');
  return { 'X-Webhook-Timestamp': timestamp, 'X-Webhook-Signature': signature };
}

function isConfirmation(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'code' in answer && answer.code === 200;
}

/** `fetch` says only "fetch failed"; its cause has the reason. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

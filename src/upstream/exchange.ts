import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { UpstreamUnreachableError } from '../errors.ts';
import { AnswerLostError } from './answer-lost.ts';
import { toSafeCause } from './cause.ts';
import type { Redact } from './redact.ts';

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is; null for a request without a body. */
  readonly payload: Buffer | null;
  /** Called once, soon after the payload has been written. */
  readonly onLeft?: () => void;
}

export interface ExchangeLimits {
  /** Milliseconds from now to the whole answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An HTTP answer of which at least the status came. */
export interface Answer {
  readonly status: number;
  /** The raw header. */
  readonly retryAfter: string | null;
  /** The raw header, of a redirect. */
  readonly location: string | null;
  /** As much of the body as came: all of it unless `cut` is set. */
  readonly text: string;
  /** Why the body ended early. */
  readonly cut: Error | null;
}

/**
 * One request and its answer over HTTP/1.1, never repeated and never redirected.
 *
 * Whether the request has left is decided by a flag alone, because error codes cannot tell: it is
 * set when undici reads the body, which it does in the same step as writing the headers (for a
 * request without a body: when undici takes an open connection for it). undici heeds no signal
 * while it connects or queues, so the deadline is raced here; a body that was given up before it
 * was read throws instead of yielding, and so can never leave later.
 *
 * @throws UpstreamUnreachableError: it has not left and never will. AnswerLostError: it left, and
 * no status came. The signal's reason, when that aborted first.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  { timeoutMs, signal }: ExchangeLimits,
  redact: Redact,
): Promise<Answer> {
  if (signal?.aborted) return Promise.reject(signal.reason);

  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let controller: Dispatcher.DispatchController | null = null;
  let left = false;
  let over = false;
  let head: Pick<Answer, 'status' | 'retryAfter' | 'location'> | null = null;
  const chunks: Buffer[] = [];

  const finish = (settle: () => void) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    settle();
  };
  const end = (error: Error | null) =>
    finish(() => {
      const cause = error && toSafeCause(error, redact);
      // TextDecoder also takes off a byte order mark, which JSON.parse does not bear.
      const text = new TextDecoder().decode(Buffer.concat(chunks));
      if (head) resolve({ ...head, text, cut: cause });
      else if (left) reject(new AnswerLostError(cause ?? new Error('no status')));
      else reject(new UpstreamUnreachableError({ cause }));
    });

  const onDeadline = () => {
    const error = new Error(`no answer within ${Math.round(timeoutMs)} ms`);
    end(error);
    controller?.abort(error);
  };
  const onAbort = () => {
    finish(() => reject(signal?.reason));
    controller?.abort(new Error('the caller has left'));
  };
  const timer = setTimeout(onDeadline, timeoutMs);
  signal?.addEventListener('abort', onAbort);

  const { payload } = request;
  const body = payload && {
    *[Symbol.iterator]() {
      if (over) throw new Error('given up before it left');
      // undici never sends a request twice that it has begun; should it ever, this one stays here.
      if (left) throw new Error('a body leaves once');
      left = true;
      // The write follows in this turn of the event loop.
      if (request.onLeft) setImmediate(request.onLeft);
      yield payload;
    },
  };

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      if (over) return started.abort(new Error('given up before it left'));
      controller = started;
      left ||= payload === null;
    },
    onResponseStart(_controller, status, headers) {
      if (status < 200) return;
      head = {
        status,
        retryAfter: firstOf(headers, 'retry-after'),
        location: firstOf(headers, 'location'),
      };
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      end(null);
    },
    onResponseError(_controller, error) {
      end(error);
    },
  };
  dispatcher.dispatch(
    {
      method: request.method,
      path: request.path,
      // With the length known, headers and body leave in one packet.
      headers: payload
        ? { ...request.headers, 'content-length': String(payload.byteLength) }
        : request.headers,
      // undici documents iterables as bodies, and its types leave them out.
      body: body as unknown as Buffer | null,
      idempotent: request.method === 'GET',
    },
    handler,
  );
  return promise;
}

function firstOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

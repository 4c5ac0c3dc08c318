import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { BodyTooLargeError, ContentCodingError, decodeText, decompress } from '../decode-body.ts';
import { GatewayUnavailableError, UpstreamUnreachableError } from '../errors.ts';
import { AnswerLostError } from './answer-lost.ts';
import { toSafeCause } from './cause.ts';
import type { Redact } from './redact.ts';

/** Maximum size of a body, as received and after decompression. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

export interface ExchangeRequest {
  readonly origin: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as it is; null for a request without a body. */
  readonly payload: Buffer | null;
  readonly leaving?: Leaving;
}

/** Hooks for the moment at which a payment leaves. */
export interface Leaving {
  /** Called once, soon after the payload has been written. */
  readonly onLeft?: () => void;
  /** Called at the last moment before the body leaves: true keeps it from leaving. */
  readonly isTooLate?: () => boolean;
}

export interface ExchangeLimits {
  /** Milliseconds from now to the whole answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An HTTP answer. At least its status arrived. */
export interface Answer {
  readonly status: number;
  /** The raw header. */
  readonly retryAfter: string | null;
  /** The raw header, of a redirect. */
  readonly location: string | null;
  /** As much of the body as could be read: all of it unless `cut` is set. */
  readonly text: string;
  /** Why the body ended early, or could not be decoded. */
  readonly cut: Error | null;
}

/**
 * One request and its answer over HTTP/1.1, never repeated and never redirected.
 *
 * Whether the request has left is decided by a flag alone, because error codes cannot tell: it is
 * set when undici reads the body, which it does in the same step as writing the headers (for a
 * request without a body: when undici takes an open connection for it). undici ignores signals
 * while it connects or queues, so the deadline is raced here. A body that was abandoned before it was
 * read throws instead of yielding, so it cannot leave later.
 *
 * An answer that is already in the socket at the deadline is accepted: after a suspension, the process
 * runs its timers before it reads its sockets.
 *
 * @throws UpstreamUnreachableError: it has not left and never will. GatewayUnavailableError: the same,
 * because it was too late. AnswerLostError: it left, and no status came. The signal's reason, when
 * that aborted first.
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
  let tooLate = false;
  let head: AnswerHead | null = null;
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
      if (head) resolve(toAnswer(head, Buffer.concat(chunks), cause));
      else if (left) reject(new AnswerLostError(cause ?? new Error('no status')));
      else if (tooLate) reject(new GatewayUnavailableError({ cause }));
      else reject(new UpstreamUnreachableError({ cause }));
    });

  const giveUp = () => {
    const error = new Error(`no answer within ${Math.round(timeoutMs)} ms`);
    end(error);
    controller?.abort(error);
  };
  const onDeadline = () => {
    if (left) takeWhatIsThere(0);
    else giveUp();
  };
  /** Two event loop ticks include one complete poll of the sockets. */
  const takeWhatIsThere = (idleTurns: number) => {
    const before = head ? chunks.length : -1;
    setImmediate(() => {
      if (over) return;
      const hasMoved = (head ? chunks.length : -1) > before;
      if (!hasMoved && idleTurns === 1) giveUp();
      else takeWhatIsThere(hasMoved ? 0 : idleTurns + 1);
    });
  };
  const onAbort = () => {
    finish(() => reject(signal?.reason));
    controller?.abort(new Error('the client has disconnected'));
  };
  const timer = setTimeout(onDeadline, timeoutMs);
  const deadline = performance.now() + timeoutMs;
  signal?.addEventListener('abort', onAbort);

  const { payload, leaving = {} } = request;
  const body = payload && {
    *[Symbol.iterator]() {
      // A paused process may find the connection open before its timer has run.
      if (over || performance.now() >= deadline) throw new Error('cancelled before it was sent');
      tooLate = leaving.isTooLate?.() ?? false;
      if (tooLate) throw new Error('its deadline passed before it was sent');
      // undici does not repeat a request that it has begun. If it ever did, this one would not leave.
      if (left) throw new Error('the body was already sent');
      left = true;
      // The write follows in the same event loop tick.
      if (leaving.onLeft) setImmediate(leaving.onLeft);
      yield payload;
    },
  };

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      if (over) return started.abort(new Error('cancelled before it was sent'));
      controller = started;
      left ||= payload === null;
    },
    onResponseStart(_controller, status, headers) {
      if (status < 200) return;
      head = { status, headers };
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
      origin: request.origin,
      method: request.method,
      path: request.path,
      // With a known length, headers and body are sent in one packet.
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

interface AnswerHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** @param cut why the body is incomplete. */
function toAnswer({ status, headers }: AnswerHead, body: Buffer, cut: Error | null): Answer {
  const { bytes, fault } = decode(body, headers, cut);
  return {
    status,
    retryAfter: firstOf(headers, 'retry-after'),
    location: firstOf(headers, 'location'),
    text: decodeText(bytes, headers['content-type']),
    cut: fault,
  };
}

/** Some upstreams compress although the request asks them not to. */
function decode(
  body: Buffer,
  headers: IncomingHttpHeaders,
  cut: Error | null,
): { bytes: Buffer; fault: Error | null } {
  const encoding = headers['content-encoding'];
  try {
    return { bytes: decompress(body, encoding, MAX_ANSWER_BYTES, cut !== null), fault: cut };
  } catch (error) {
    if (error instanceof BodyTooLargeError || error instanceof ContentCodingError) {
      return { bytes: Buffer.alloc(0), fault: cut ?? error };
    }
    throw error;
  }
}

function firstOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

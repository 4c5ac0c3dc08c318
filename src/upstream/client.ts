import type { buildConnector, Dispatcher, Pool } from 'undici';
import { UpstreamUnreachableError } from '../errors.ts';
import { version } from '../version.ts';
import { createDispatcher } from './dispatcher.ts';
import {
  type Answer,
  type ExchangeLimits,
  type ExchangeRequest,
  exchange,
  type Leaving,
  MAX_ANSWER_BYTES,
} from './exchange.ts';
import { createRedactor, type Redact } from './redact.ts';
import { createUnknownWords, type UpstreamLogger } from './unknown-words.ts';

const MAX_CONNECT_MS = 10_000;
const READ_CONNECTIONS = 10;
const SUBMIT_CONNECTIONS = 32;
/** A connection that was idle for longer may have been closed by the peer without our knowing. */
const SUBMIT_IDLE_MS = 1000;

const WRONG_URL =
  'UPSTREAM_URL is wrong: set it to the base of the API, without a redirect (npx longtake doctor).';

export interface UpstreamClientOptions {
  /** Base of the REST API; a path in it comes before every path of a call. */
  readonly url: string;
  readonly apiKey: string;
  /** Milliseconds that a call may take, from its start to the whole answer. */
  readonly timeoutMs: number;
  readonly logger?: UpstreamLogger;
  /** The outbound proxy; null or left out: calls go directly. */
  readonly proxy?: URL | null;
  /** Replaces the default connector and its time limit. */
  readonly connect?: buildConnector.connector;
}

/** The connections to the upstream: HTTP and the key, independent of the API's endpoints. */
export interface UpstreamClient {
  readonly timeoutMs: number;
  /** One GET, on a kept connection. Fails as `exchange` does. */
  read(path: string, limits: ExchangeLimits): Promise<Answer>;
  /** One POST of JSON, on a fresh or barely idle connection. Fails as `exchange` does. */
  submit(path: string, body: object, leaving: Leaving): Promise<Answer>;
  /** Hides the key and callback URLs in a text of the upstream's. */
  readonly redact: Redact;
  /** Called for an unknown state word of a task; '' stands for a missing one. */
  noteUnknownState(word: string): void;
  /** Refuses new calls, waits for running ones (at most `timeoutMs`), then disconnects. */
  close(): Promise<void>;
}

/** @throws TypeError when the key is not valid in a header; its message does not repeat the key. */
export function createUpstreamClient(options: UpstreamClientOptions): UpstreamClient {
  const { apiKey, timeoutMs, logger } = options;
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new TypeError('The upstream key must be printable ASCII without spaces.');
  }
  const base = new URL(options.url);
  const prefix = base.pathname.replace(/\/+$/, '');
  const redact = createRedactor([apiKey]);
  const headers = {
    authorization: `Bearer ${apiKey}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
    // A proxy in front of the upstream may refuse a request without one.
    'user-agent': `longtake/${version}`,
  };

  const dispatch = (pool: Pool.Options) =>
    createDispatcher({
      origin: base.origin,
      proxy: options.proxy ?? null,
      connectTimeoutMs: Math.min(MAX_CONNECT_MS, timeoutMs),
      connect: options.connect,
      pool: {
        pipelining: 1,
        maxResponseSize: MAX_ANSWER_BYTES,
        // The deadline of the call covers both.
        headersTimeout: 0,
        bodyTimeout: 0,
        ...pool,
      },
    });
  const reads = dispatch({ connections: READ_CONNECTIONS });
  const submits = dispatch({
    connections: SUBMIT_CONNECTIONS,
    keepAliveTimeout: SUBMIT_IDLE_MS,
    keepAliveMaxTimeout: SUBMIT_IDLE_MS,
  });

  const underWay = new Set<Promise<Answer>>();
  async function call(
    dispatcher: Dispatcher,
    request: Omit<ExchangeRequest, 'origin'>,
    limits: ExchangeLimits,
  ) {
    const begun = performance.now();
    const exchanged = exchange(dispatcher, { ...request, origin: base.origin }, limits, redact);
    underWay.add(exchanged);
    // Without the query, which names a task.
    const fields = { method: request.method, path: request.path.split('?')[0] };
    const elapsed = () => Math.round(performance.now() - begun);
    try {
      const answer = await exchanged;
      const { status, cut } = answer;
      const facts = { ...fields, status, cut: cut?.message, ms: elapsed() };
      const location = toLocation(answer, base, redact);
      if (location === null) logger?.debug(facts, 'upstream answered');
      else logger?.warn({ ...facts, location, fix: WRONG_URL }, 'redirect of the upstream ignored');
      return answer;
    } catch (error) {
      // The reason of a caller's cancellation is not logged.
      if (limits.signal?.aborted)
        logger?.debug({ ...fields, ms: elapsed() }, 'the client has disconnected');
      else
        logger?.warn({ ...fields, ...toLogFields(error), ms: elapsed() }, 'upstream call failed');
      throw error;
    } finally {
      underWay.delete(exchanged);
    }
  }

  let closing: Promise<void> | null = null;
  async function disconnect() {
    // close() alone would also wait for connection attempts of abandoned calls.
    void Promise.allSettled([reads.close(), submits.close()]);
    await Promise.allSettled(underWay);
    await Promise.all([reads.destroy(), submits.destroy()]);
  }

  return {
    timeoutMs,
    redact,
    noteUnknownState: createUnknownWords(logger, redact),
    read: (path, limits) =>
      call(reads, { method: 'GET', path: prefix + path, headers, payload: null }, limits),
    submit: (path, body, leaving) =>
      call(
        submits,
        {
          method: 'POST',
          path: prefix + path,
          headers: { ...headers, 'content-type': 'application/json' },
          payload: Buffer.from(JSON.stringify(body)),
          leaving,
        },
        { timeoutMs },
      ),
    close: () => {
      closing ??= disconnect();
      return closing;
    },
  };
}

/** Where a redirect leads, without the query, which may name a task or hold a secret. */
function toLocation({ status, location }: Answer, base: URL, redact: Redact): string | null {
  if (status < 300 || status > 399 || location === null) return null;
  const url = URL.parse(location, base);
  return url && redact(url.origin + url.pathname);
}

/** Errors of `exchange` only: their causes are already without secrets. A caller's own reason is left out. */
function toLogFields(error: unknown): object {
  if (!(error instanceof Error)) return {};
  return {
    error: error.name,
    cause: error.cause instanceof Error ? error.cause.message : undefined,
    fix:
      error instanceof UpstreamUnreachableError
        ? 'Check UPSTREAM_URL with npx longtake doctor'
        : undefined,
  };
}

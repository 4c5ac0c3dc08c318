/** GraphQL over HTTP: single results as JSON, and subscriptions as server-sent events. */

import { type ErrorFacts, LongtakeError, PartialError, toNoAnswer } from './error.ts';

export interface ConnectionOptions {
  /** The address of the GraphQL endpoint. */
  readonly url: string | URL;
  /** Called for each request, and again when the gateway refuses the token. Null: no credentials. */
  readonly token?:
    | (() => string | null | undefined | Promise<string | null | undefined>)
    | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

export type Signal = AbortSignal | undefined;

export interface Connection {
  /**
   * @param onSend called just before a request leaves; when it throws, none does.
   * @throws LongtakeError, or the signal's reason.
   */
  send<Data>(query: string, variables: object, signal: Signal, onSend?: () => void): Promise<Data>;
  /**
   * The results of a subscription until its stream ends, for whatever reason.
   *
   * @throws LongtakeError, or the signal's reason.
   */
  subscribe<Data>(query: string, variables: object, signal: Signal): AsyncGenerator<Data>;
}

interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly unknown[];
    readonly extensions?: { readonly code: string };
  }[];
}

/** The gateway sends something every 12 s. After this silence the connection is dead. */
const SILENCE_MS = 30_000;

export function createConnection(options: ConnectionOptions): Connection {
  const { url, token: getToken = () => null } = options;

  async function post(
    accept: string,
    query: string,
    variables: object,
    signal: Signal,
    onSend?: () => void,
  ): Promise<Response> {
    const body = JSON.stringify({ query, variables });
    let token = await getToken();
    for (;;) {
      const headers: Record<string, string> = { 'content-type': 'application/json', accept };
      if (token) headers.authorization = `Bearer ${token}`;
      const init: RequestInit = { method: 'POST', headers, body, signal: signal ?? null };
      if (!options.fetch) check(url, init);
      onSend?.();
      const response = await (options.fetch ?? fetch)(url, init);
      if (response.status !== 401) return response;
      // It may have expired on the way. The same token again would be refused again.
      const next = await getToken();
      if (!next || next === token) return response;
      token = next;
    }
  }

  return {
    async send(query, variables, signal, onSend) {
      try {
        const response = await post('application/json', query, variables, signal, onSend);
        return toData(await readJson(response));
      } catch (error) {
        throw toThrown(error, signal);
      }
    },

    async *subscribe<Data>(query: string, variables: object, signal: Signal) {
      const connection = new AbortController();
      const abort = () => connection.abort();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const watch = () => {
        clearTimeout(timer);
        timer = setTimeout(abort, SILENCE_MS);
      };
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      watch();
      try {
        const response = await post('text/event-stream', query, variables, connection.signal);
        const type = response.headers.get('content-type') ?? '';
        if (!response.body || !type.startsWith('text/event-stream')) {
          toData(await readJson(response));
          throw new Error(`No event stream: ${type}`);
        }
        const reader = response.body.getReader();
        const decoder = new TextDecoder();
        let text = '';
        for (;;) {
          const { value, done } = await reader.read();
          if (done) return;
          watch();
          text += decoder.decode(value, { stream: true });
          const events = text.split('\n\n');
          text = events.pop() ?? '';
          for (const event of events) {
            const data = /^data: (.+)$/m.exec(event)?.[1];
            if (!data) continue;
            const result: Result<Data> = JSON.parse(data);
            // The token expired while the stream was open: a new connection asks for a new one.
            if (result.errors?.[0]?.extensions?.code === 'UNAUTHENTICATED') return;
            yield toData(result);
          }
        }
      } catch (error) {
        throw toThrown(error, signal);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        connection.abort();
      }
    },
  };
}

/** @throws LongtakeError for an address or a token that no request can contain: to wait would not help. */
function check(url: string | URL, init: RequestInit): void {
  let reason: unknown = 'it is not http or https';
  try {
    if (/^https?:/.test(new Request(url, init).url)) return;
  } catch (error) {
    reason = error;
  }
  throw new LongtakeError({ code: 'NO_ANSWER', message: `No request to ${url}: ${reason}` });
}

/** @throws Error if it is no GraphQL result, but the answer of a proxy on the way. */
async function readJson<Data>(response: Response): Promise<Result<Data>> {
  const { status, redirected, url } = response;
  const result: Result<Data> = await response.json().catch(() => ({}));
  if (result.data || result.errors) return result;
  const message = `The answer of ${url}, with status ${status}, is no GraphQL result.`;
  // Of a wrong address, for example. Others pass.
  const isFinal = /^4(?!08|25|29)/.test(`${status}`);
  throw new LongtakeError({ code: 'NO_ANSWER', message, retryable: !isFinal && !redirected });
}

function toData<Data>({ data, errors }: Result<Data>): Data {
  const [error] = errors ?? [];
  if (!error && data) return data;
  const message = error?.message ?? 'The answer has no data.';
  const facts: ErrorFacts = { code: 'INTERNAL', ...error?.extensions, message };
  throw new (error?.path?.[1] ? PartialError : LongtakeError)(facts);
}

function toThrown(error: unknown, signal: Signal): unknown {
  if (signal?.aborted) return signal.reason;
  return error instanceof LongtakeError ? error : toNoAnswer(error);
}

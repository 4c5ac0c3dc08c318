import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  json(): unknown;
}

/**
 * Called once a whole request has come. It may answer, stay silent, or ruin the socket; a promise
 * that it returns is waited for, and anything else ignored.
 */
export type Script = (
  request: RecordedRequest,
  response: ServerResponse,
  socket: Socket,
) => unknown;

export interface ScriptedUpstream extends AsyncDisposable {
  readonly url: string;
  /** Every whole request, in the order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** The n-th call resolves with the n-th request, past or to come. */
  nextRequest(): Promise<RecordedRequest>;
  /** Destroys what is open. */
  close(): Promise<void>;
}

/** A real HTTP server on a free port, which does what the script says and records what it was sent. */
export async function startScriptedUpstream(script: Script): Promise<ScriptedUpstream> {
  const requests: RecordedRequest[] = [];
  const waiting: PromiseWithResolvers<RecordedRequest>[] = [];
  let handedOut = 0;

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', async () => {
      const request = toRecorded(incoming, Buffer.concat(chunks).toString());
      requests.push(request);
      waiting.shift()?.resolve(request);
      // A script that throws is a fault of the test: the rejection is left for vitest to report.
      await script(request, response, incoming.socket);
    });
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function close() {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
    for (const { reject } of waiting) reject(new Error('the upstream closed before that request'));
  }

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    nextRequest() {
      const known = requests[handedOut++];
      if (known) return Promise.resolve(known);
      const awaited = Promise.withResolvers<RecordedRequest>();
      waiting.push(awaited);
      return awaited.promise;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers with JSON: by default under HTTP 200, where the API puts its business codes too. */
export function answerJson(
  response: ServerResponse,
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function toRecorded(incoming: IncomingMessage, body: string): RecordedRequest {
  const url = new URL(incoming.url ?? '/', 'http://upstream');
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body,
    json: () => JSON.parse(body),
  };
}

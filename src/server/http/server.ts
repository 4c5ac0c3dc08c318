/** The HTTP server: routes, timeouts, request ids and the log line of each request. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Span, Tracing } from '../../telemetry/tracing.ts';
import { createNormaliseTarget } from '../base-path.ts';
import { toRequestId } from '../request-headers.ts';
import { sendErrors, sendJson } from './error-responses.ts';
import { createGraphQLEndpoint, type EndpointParts } from './graphql-endpoint.ts';
import { createPipelineLimit } from './pipelining.ts';

export interface Routes extends EndpointParts {
  readonly handleCallback: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly sendMetrics: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Null: the gateway serves no files. */
  readonly serveFile:
    | ((request: IncomingMessage, response: ServerResponse) => Promise<void>)
    | null;
  readonly tracing: Tracing;
  /** The path prefix of every route. */
  readonly basePath: string;
  /** How long an answer may take until its first byte, in milliseconds. */
  readonly longestAnswerMs: number;
  /** How long a connection may stay idle between two requests, in milliseconds. */
  readonly keepAliveMs: number;
  /** Whether `/ready` answers 200. */
  readonly isReady: () => Promise<boolean>;
}

/** The maximum delay of a Node timer. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A connection without any traffic for this long is closed, unless an answer is still in progress. */
const IDLE_MS = 60_000;

/** A proxy on the way may have doubled a slash. */
const CALLBACKS = /^\/+callbacks\//;
const FILES = /^\/+files\//;

type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** By `performance.now()`. */
  startedAt: number,
  requestId: string,
) => Promise<void> | void;

export function createHttpServer(routes: Routes, log: Logger): Server {
  const serveGraphQL = createGraphQLEndpoint(routes);
  const normaliseTarget = createNormaliseTarget(routes.basePath);
  const isWithinPipeline = createPipelineLimit();

  function route(path: string): { name: string; handle: Handler } {
    if (path === '/graphql') return { name: '/graphql', handle: serveGraphQL };
    // The rest of the path is a secret and must not be logged.
    if (CALLBACKS.test(path)) return { name: '/callbacks/…', handle: routes.handleCallback };
    // So is the query of a file.
    if (routes.serveFile && FILES.test(path)) return { name: '/files/…', handle: routes.serveFile };
    if (path === '/health') {
      return {
        name: path,
        handle: (_request, response) => sendJson(response, 200, { status: 'ok' }),
      };
    }
    if (path === '/ready') return { name: path, handle: serveReady };
    if (path === '/metrics') return { name: path, handle: routes.sendMetrics };
    return {
      name: 'unknown',
      handle: (_request, response) => sendJson(response, 404, { error: 'Not found' }),
    };
  }

  async function serveReady(_request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isReady = await routes.isReady();
    sendJson(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready' });
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    if (!isWithinPipeline(request, response)) return;
    normaliseTarget(request);
    const startedAt = performance.now();
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { name, handle } = route(path);
    const id = toRequestId(request.headers['x-request-id']);
    response.setHeader('x-request-id', id);
    const span = routes.tracing.isOn && name === '/graphql' ? startSpan(request, id) : null;
    response.on('close', () => {
      const status = response.statusCode;
      span?.set('http.response.status_code', status);
      span?.end();
      // Successful requests are counted in /metrics, and logged only at level debug.
      const level = status < 400 && response.writableFinished ? 'debug' : 'info';
      if (!log.isLevelEnabled(level)) return;
      const ms = Math.round(performance.now() - startedAt);
      const trace = span?.traceparent?.slice(3, 35);
      log[level]({ req: id, trace, method: request.method, path: name, status, ms }, 'request');
    });
    const handled = span
      ? span.run(() => handle(request, response, startedAt, id))
      : handle(request, response, startedAt, id);
    Promise.resolve(handled).catch((error: unknown) => {
      if (request.destroyed && !request.complete) return;
      log.error({ req: id, err: error }, 'unexpected error in a request');
      if (response.headersSent) response.destroy();
      else sendErrors(response, 500, 'Something went wrong inside the gateway.');
    });
  }

  /** Not for callbacks: their handler starts a span in the task's trace. */
  function startSpan(request: IncomingMessage, id: string): Span {
    const method = request.method ?? '';
    return routes.tracing.start({
      name: `${method} /graphql`,
      kind: 'server',
      parent: request.headers,
      attributes: {
        'http.request.method': method,
        'http.route': '/graphql',
        'longtake.request': id,
      },
    });
  }

  const server = createServer(
    // `requestTimeout` includes the body.
    {
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      keepAliveTimeout: routes.keepAliveMs,
      // How often Node checks both timeouts; the default is 30 s.
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: 16_384,
      // Requests to upgrade to another protocol, such as h2c, are answered over HTTP/1.1.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
      // Node would use the first of two Authorization headers. Joined, they are no valid credential.
      joinDuplicateHeaders: true,
    },
    serve,
  );
  // A client that does not read its answer keeps it in memory, so idle connections are closed. Event
  // streams are never idle: they carry a comment every 12 s.
  server.setTimeout(Math.min(IDLE_MS + routes.longestAnswerMs, MAX_TIMER_MS));
  return server;
}

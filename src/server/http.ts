/** The HTTP server: which path goes where, and what holds for all of them. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Authenticator } from '../auth/authenticator.ts';
import { endAt } from '../auth/expiry.ts';
import type { Identity } from '../auth/identity.ts';
import type { ToClientError } from '../client-errors.ts';
import type { Caller } from '../context.ts';
import { Ending } from '../ending.ts';
import { RateLimitedError } from '../errors.ts';
import { readBody } from '../read-body.ts';
import { type RequestCounts, type Transport, toOutcome } from '../telemetry/requests.ts';
import type { Span, Tracing } from '../telemetry/tracing.ts';
import { type Passage, toSeconds } from './counting.ts';
import type { Door } from './door.ts';
import type { SendGraphiQL } from './graphiql.ts';
import type { Quota } from './quotas.ts';
import { sendErrors, sendJson, toStatus } from './refusals.ts';
import { isForBrowser, isJson, toRequestId } from './request-facts.ts';
import { type AnswerThinly, chooseContentType } from './thin-path.ts';
import { isStream, type Yoga } from './yoga.ts';

const BODY_LIMIT = 256 * 1024;

export interface Routes {
  readonly yoga: Yoga;
  /** Null where everything has to go through Yoga. */
  readonly answerThinly: AnswerThinly | null;
  readonly authenticator: Authenticator;
  readonly door: Door;
  readonly toClientError: ToClientError;
  /** Running subscriptions per owner, counted together with those on WebSockets. */
  readonly subscriptions: Quota;
  /** Null where GraphiQL is off. */
  readonly sendGraphiQL: SendGraphiQL | null;
  readonly handleCallback: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly sendMetrics: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly requests: RequestCounts;
  readonly tracing: Tracing;
  /** Whether the gateway can serve now. */
  readonly isReady: () => Promise<boolean>;
}

type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** By `performance.now()`. */
  begun: number,
  requestId: string,
) => Promise<void> | void;

export function createHttpServer(routes: Routes, log: Logger): Server {
  const { yoga, answerThinly, authenticator, door, subscriptions, requests } = routes;

  function route(path: string): { name: string; handle: Handler } {
    if (path === '/graphql') return { name: '/graphql', handle: (...io) => serveGraphQL(...io) };
    // The rest of the path is a secret, which no log may hold.
    if (path.startsWith('/callbacks/'))
      return { name: '/callbacks/…', handle: routes.handleCallback };
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

  async function serveGraphQL(
    request: IncomingMessage,
    response: ServerResponse,
    begun: number,
    requestId: string,
  ): Promise<void> {
    door.allowOrigin(request, response);
    if (!door.isHostKnown(request)) {
      refuse(response, 403, 'The Host header names another server.', begun);
      return;
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    if (routes.sendGraphiQL && isForBrowser(request)) {
      await routes.sendGraphiQL(response);
      return;
    }
    let text: string | null = null;
    if (request.method === 'POST') {
      // A form or a text can be posted by any web page without asking (CSRF); JSON cannot.
      if (!isJson(request)) {
        refuse(response, 415, 'Send the request as application/json.', begun);
        return;
      }
      const body = await readBody(request, BODY_LIMIT);
      if (body === null) {
        response.setHeader('connection', 'close');
        refuse(response, 413, `The request is over ${BODY_LIMIT / 1024} KiB.`, begun);
        return;
      }
      text = body.toString('utf8');
    }
    await answer(request, response, text, begun, requestId);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: string | null,
    begun: number,
    requestId: string,
  ): Promise<void> {
    const { accept } = request.headers;
    // Where JSON would do as well, only a subscription is a stream.
    const transport = isStream(accept) && chooseContentType(accept ?? '') === null ? 'sse' : 'http';
    const ending = new Ending();
    response.on('close', () => {
      if (!response.writableFinished) ending.end();
    });
    let identity: Identity;
    try {
      const { authorization } = request.headers;
      identity =
        authenticator.recall(authorization) ?? (await authenticator.identify(authorization));
    } catch (error) {
      sendRefusal(response, error, transport, begun);
      return;
    }
    // Who has left in the meantime must not take a place: its end has been told already.
    if (ending.isOver) return;
    const caller: Caller = { owner: identity.owner, ending, requestId };
    if (body !== null) {
      const thin = await answerThinly?.(body, accept, caller, begun);
      if (thin) {
        const length = Buffer.byteLength(thin.body);
        response.writeHead(200, { 'content-type': thin.contentType, 'content-length': length });
        response.end(thin.body);
        return;
      }
      // Media types have no case (RFC 9110, 8.3.1), but for Yoga this one does.
      request.headers['content-type'] = 'application/json';
      // Yoga's adapter takes a body that has been read already from here.
      Object.assign(request, { body });
    }
    if (ending.isOver) return;
    const passage: Passage = { transport, begun, isCounted: false };
    function beginStream(): boolean {
      if (!subscriptions.take(caller.owner)) return false;
      passage.transport = 'sse';
      const cancelExpiry = endAt(identity.expiresAt, ending);
      response.on('close', () => {
        subscriptions.giveBack(caller.owner);
        cancelExpiry();
      });
      return true;
    }
    if (transport === 'sse' && !beginStream()) {
      sendRefusal(response, new RateLimitedError(), transport, begun);
      return;
    }
    await yoga.handle(request, response, {
      caller,
      passage,
      beginStream: transport === 'sse' ? () => true : beginStream,
    });
    // A method or a media type that GraphQL does not know.
    if (!passage.isCounted) requests.invalid.count(transport, 'BAD_REQUEST', toSeconds(begun));
  }

  function sendRefusal(
    response: ServerResponse,
    error: unknown,
    transport: Transport,
    begun: number,
  ): void {
    const status = toStatus(error);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    const errors = [routes.toClientError(error)];
    requests.invalid.count(transport, toOutcome({ errors }, undefined), toSeconds(begun));
    sendJson(response, status, { errors });
  }

  /** Before it was looked at who is asking. */
  function refuse(response: ServerResponse, status: number, message: string, begun: number): void {
    requests.invalid.count('http', 'BAD_REQUEST', toSeconds(begun));
    sendErrors(response, status, message);
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const begun = performance.now();
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { name, handle } = route(path);
    const id = toRequestId(request.headers['x-request-id']);
    response.setHeader('x-request-id', id);
    const span = routes.tracing.isOn && name === '/graphql' ? startSpan(request, id) : null;
    response.on('close', () => {
      const status = response.statusCode;
      span?.set('http.response.status_code', status);
      span?.end();
      // What went well is counted (/metrics), and told in detail only to those who ask for it.
      const level = status < 400 && response.writableFinished ? 'debug' : 'info';
      if (!log.isLevelEnabled(level)) return;
      const ms = Math.round(performance.now() - begun);
      const trace = span?.traceparent?.slice(3, 35);
      log[level]({ req: id, trace, method: request.method, path: name, status, ms }, 'request');
    });
    const handled = span
      ? span.run(() => handle(request, response, begun, id))
      : handle(request, response, begun, id);
    Promise.resolve(handled).catch((error: unknown) => {
      if (request.destroyed && !request.complete) return;
      log.error({ req: id, err: error }, 'a request met a bug');
      if (response.headersSent) response.destroy();
      else sendErrors(response, 500, 'Something went wrong inside the gateway.');
    });
  }

  /** A callback's span belongs to its task's trace, so its handler makes it. */
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

  return createServer(
    // The whole request, body included, has to arrive within this time.
    {
      requestTimeout: 30_000,
      headersTimeout: 10_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      // Of two Authorization headers Node would take the first: joined they are no credential.
      joinDuplicateHeaders: true,
    },
    serve,
  );
}

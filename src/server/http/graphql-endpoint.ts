/** `/graphql` over HTTP: who may ask, what is too much, and by which path it is answered. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from '../../auth/authenticator.ts';
import { cancelAt } from '../../auth/expiry.ts';
import type { Identity } from '../../auth/identity.ts';
import { Cancellation } from '../../cancellation.ts';
import type { ToClientError } from '../../client-errors.ts';
import type { Caller } from '../../context.ts';
import { RateLimitedError } from '../../errors.ts';
import { readBody } from '../../read-body.ts';
import { type RequestCounts, type Transport, toOutcome } from '../../telemetry/request-counts.ts';
import { withoutByteOrderMark } from '../byte-order-mark.ts';
import { type RequestStats, toSeconds } from '../graphql/request-metrics.ts';
import type { Yoga } from '../graphql/yoga.ts';
import type { OriginCheck } from '../origin-check.ts';
import type { Quota } from '../quota.ts';
import { findBodyFault, isHostValid } from '../request-headers.ts';
import type { AnswerDirectly } from './direct-answer.ts';
import { sendErrors, sendJson, toStatus } from './error-responses.ts';
import type { SendGraphiQL } from './graphiql.ts';
import { type Acceptance, createAcceptances } from './media-types.ts';

const BODY_LIMIT = 256 * 1024;

export interface EndpointParts {
  readonly yoga: Yoga;
  /** Null where everything has to go through Yoga. */
  readonly answerDirectly: AnswerDirectly | null;
  /** Resolves when an answer is to be written: those of one event loop tick are written together. */
  readonly waitForBatch: (() => Promise<void>) | null;
  readonly authenticator: Authenticator;
  readonly originCheck: OriginCheck;
  readonly toClientError: ToClientError;
  /** Running subscriptions per owner, counted together with those on WebSockets. */
  readonly subscriptions: Quota;
  /** Null where GraphiQL is off. */
  readonly sendGraphiQL: SendGraphiQL | null;
  readonly requests: RequestCounts;
}

/** A request whose sender is known. */
interface GraphQLRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly identity: Identity;
  readonly accepted: Acceptance;
  readonly transport: Transport;
  readonly startedAt: number;
}

/** @param startedAt when the request came, by `performance.now()`. */
export type ServeGraphQL = (
  request: IncomingMessage,
  response: ServerResponse,
  startedAt: number,
  requestId: string,
) => Promise<void>;

export function createGraphQLEndpoint(parts: EndpointParts): ServeGraphQL {
  const {
    yoga,
    answerDirectly,
    waitForBatch,
    authenticator,
    originCheck,
    subscriptions,
    requests,
  } = parts;
  const toAcceptance = createAcceptances();

  async function serveGraphQL(
    request: IncomingMessage,
    response: ServerResponse,
    startedAt: number,
    requestId: string,
  ): Promise<void> {
    originCheck.allowOrigin(request, response);
    if (!originCheck.isHostAllowed(request)) {
      refuse(response, 403, 'The Host header names another server.', startedAt);
      return;
    }
    if (!isHostValid(request)) {
      refuse(response, 400, 'The Host header is not valid.', startedAt);
      return;
    }
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const accepted = toAcceptance(request.headers.accept);
    // With a query in the address, too: GraphiQL keeps the one being edited there, for a reload.
    if (parts.sendGraphiQL && request.method === 'GET' && accepted.isPage) {
      await parts.sendGraphiQL(response);
      return;
    }
    if (request.method === 'POST') {
      const fault = findBodyFault(request);
      if (fault) {
        refuse(response, 415, fault, startedAt);
        return;
      }
    } else {
      // What is read is its reader's own, and changes.
      response.setHeader('cache-control', 'no-store');
    }
    // Where JSON would do as well, only a subscription is a stream.
    const transport = accepted.isStream && accepted.contentType === null ? 'sse' : 'http';
    const cancellation = new Cancellation();
    response.on('close', () => {
      if (!response.writableFinished) cancellation.cancel();
    });
    // Before the body: of a stranger's nothing is kept.
    let identity: Identity;
    try {
      const { authorization } = request.headers;
      identity =
        authenticator.recall(authorization) ?? (await authenticator.identify(authorization));
    } catch (error) {
      sendRefusal(response, error, transport, startedAt);
      return;
    }
    // Who has left in the meantime must not take a place: its end has been told already.
    if (cancellation.isCancelled) return;
    if (!accepted.isAnswerable) {
      const message = 'Accept application/json, application/graphql-response+json, or a stream.';
      refuse(response, 406, message, startedAt);
      return;
    }
    request.headers.accept = accepted.header;
    const caller: Caller = { owner: identity.owner, cancellation, requestId };
    const asked: GraphQLRequest = {
      request,
      response,
      caller,
      identity,
      accepted,
      transport,
      startedAt,
    };
    if (request.method !== 'POST') return answerByYoga(asked, 0);

    const body = await readBody(request, BODY_LIMIT);
    if (body === null) {
      response.setHeader('connection', 'close');
      refuse(response, 413, `The request is over ${BODY_LIMIT / 1024} KiB.`, startedAt);
      return;
    }
    // Replaced by U+FFFD, what differs would become the same.
    if (!isUtf8(body)) {
      refuse(response, 400, 'The request is not UTF-8.', startedAt);
      return;
    }
    const text = withoutByteOrderMark(body.toString('utf8'));
    const { contentType } = accepted;
    const given = contentType && answerDirectly?.(text, contentType, caller, startedAt);
    const thin = given instanceof Promise ? await given : given;
    if (thin) {
      await waitForBatch?.();
      const length = Buffer.byteLength(thin.body);
      response.writeHead(200, { 'content-type': thin.contentType, 'content-length': length });
      response.end(thin.body);
      return;
    }
    // Media types have no case (RFC 9110, 8.3.1), but for Yoga this one does.
    request.headers['content-type'] = 'application/json';
    // Yoga's adapter takes a body that has been read already from here.
    Object.assign(request, { body: text });
    return answerByYoga(asked, body.length);
  }

  async function answerByYoga(asked: GraphQLRequest, bodyLength: number): Promise<void> {
    const { request, response, caller, identity, accepted, transport, startedAt } = asked;
    const { cancellation } = caller;
    if (cancellation.isCancelled) return;
    const passage: RequestStats = { transport, startedAt, isCounted: false };
    function beginStream(): boolean {
      if (!subscriptions.acquire(caller.owner)) return false;
      passage.transport = 'sse';
      // nginx, and what is made like it, would keep events until its buffer is full.
      response.setHeader('x-accel-buffering', 'no');
      const cancelExpiry = cancelAt(identity.expiresAt, cancellation);
      response.on('close', () => {
        subscriptions.release(caller.owner);
        cancelExpiry();
      });
      return true;
    }
    if (transport === 'sse' && !beginStream()) {
      sendRefusal(response, new RateLimitedError(), transport, startedAt);
      return;
    }
    await yoga.handle(request, response, {
      caller,
      passage,
      bodyLength,
      acceptsStream: accepted.isStream,
      beginStream: transport === 'sse' ? () => true : beginStream,
    });
    // A method or a media type that GraphQL does not know.
    if (!passage.isCounted) requests.invalid.count(transport, 'BAD_REQUEST', toSeconds(startedAt));
  }

  function sendRefusal(
    response: ServerResponse,
    error: unknown,
    transport: Transport,
    startedAt: number,
  ): void {
    const status = toStatus(error);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer');
    const errors = [parts.toClientError(error)];
    requests.invalid.count(transport, toOutcome({ errors }, undefined), toSeconds(startedAt));
    sendJson(response, status, { errors });
  }

  /** Before GraphQL has startedAt. */
  function refuse(
    response: ServerResponse,
    status: number,
    message: string,
    startedAt: number,
  ): void {
    requests.invalid.count('http', 'BAD_REQUEST', toSeconds(startedAt));
    sendErrors(response, status, message);
  }

  return serveGraphQL;
}

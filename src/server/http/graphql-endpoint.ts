/** Serves `/graphql` over HTTP: checks the request, identifies the caller and runs the operation. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator } from '../../auth/authenticator.ts';
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
import { beginEventStream } from '../sse/event-streams.ts';
import type { AnswerDirectly } from './direct-answer.ts';
import { sendErrors, sendJson, toStatus } from './error-responses.ts';
import type { SendGraphiQL } from './graphiql.ts';
import { type Acceptance, createAcceptances } from './media-types.ts';

const MAX_BODY_BYTES = 256 * 1024;

export interface EndpointParts {
  readonly yoga: Yoga;
  /** Null when every request goes through Yoga. */
  readonly answerDirectly: AnswerDirectly | null;
  /** Resolves when the result may be written: those of one event loop tick are written together. */
  readonly waitForBatch: (() => Promise<void>) | null;
  readonly authenticator: Authenticator;
  readonly originCheck: OriginCheck;
  readonly toClientError: ToClientError;
  /** Running subscriptions per owner, counted together with those on WebSockets. */
  readonly subscriptions: Quota;
  /** Null when GraphiQL is off. */
  readonly sendGraphiQL: SendGraphiQL | null;
  readonly requests: RequestCounts;
}

/** An authenticated request. */
interface GraphQLRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly identity: Identity;
  readonly accepted: Acceptance;
  readonly transport: Transport;
  readonly startedAt: number;
}

/** @param startedAt when the request arrived, by `performance.now()`. */
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
    // Also with a query in the URL: GraphiQL keeps the current one there, so that a reload restores it.
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
      // Results belong to one caller and change, so no cache may keep them.
      response.setHeader('cache-control', 'no-store');
    }
    // A client that accepts JSON as well gets an event stream only for a subscription.
    const transport = accepted.isStream && accepted.contentType === null ? 'sse' : 'http';
    const cancellation = new Cancellation();
    response.on('close', () => {
      if (!response.writableFinished) cancellation.cancel();
    });
    // Authenticate before reading the body: nothing of an unauthenticated request is kept.
    let identity: Identity;
    try {
      const { authorization } = request.headers;
      identity =
        authenticator.recall(authorization) ?? (await authenticator.identify(authorization));
    } catch (error) {
      sendRefusal(response, error, transport, startedAt);
      return;
    }
    // Skip requests whose client has disconnected: 'close' has fired, so a quota would never be released.
    if (cancellation.isCancelled) return;
    if (!accepted.isAnswerable) {
      const message = 'Accept application/json, application/graphql-response+json, or a stream.';
      refuse(response, 406, message, startedAt);
      return;
    }
    request.headers.accept = accepted.header;
    const caller: Caller = { owner: identity.owner, cancellation, requestId };
    const graphqlRequest: GraphQLRequest = {
      request,
      response,
      caller,
      identity,
      accepted,
      transport,
      startedAt,
    };
    if (request.method !== 'POST') return answerThroughYoga(graphqlRequest, 0);

    const body = await readBody(request, MAX_BODY_BYTES);
    if (body === null) {
      response.setHeader('connection', 'close');
      refuse(response, 413, `The request is over ${MAX_BODY_BYTES / 1024} KiB.`, startedAt);
      return;
    }
    // Decoding replaces invalid bytes by U+FFFD, which would make different texts equal.
    if (!isUtf8(body)) {
      refuse(response, 400, 'The request is not UTF-8.', startedAt);
      return;
    }
    const text = withoutByteOrderMark(body.toString('utf8'));
    const { contentType } = accepted;
    const given = contentType && answerDirectly?.(text, contentType, caller, startedAt);
    const direct = given instanceof Promise ? await given : given;
    if (direct) {
      await waitForBatch?.();
      const length = Buffer.byteLength(direct.body);
      response.writeHead(200, { 'content-type': direct.contentType, 'content-length': length });
      response.end(direct.body);
      return;
    }
    // Media types are case-insensitive (RFC 9110, 8.3.1), but Yoga compares them exactly.
    request.headers['content-type'] = 'application/json';
    // Yoga's adapter takes a body that is read already from this property.
    Object.assign(request, { body: text });
    return answerThroughYoga(graphqlRequest, body.length);
  }

  async function answerThroughYoga(
    graphqlRequest: GraphQLRequest,
    bodyLength: number,
  ): Promise<void> {
    const { request, response, caller, identity, accepted, transport, startedAt } = graphqlRequest;
    const { cancellation } = caller;
    if (cancellation.isCancelled) return;
    const stats: RequestStats = { transport, startedAt, isCounted: false };
    function beginStream(): boolean {
      if (!beginEventStream(response, subscriptions, identity, cancellation)) return false;
      stats.transport = 'sse';
      return true;
    }
    if (transport === 'sse' && !beginStream()) {
      sendRefusal(response, new RateLimitedError(), transport, startedAt);
      return;
    }
    await yoga.handle(request, response, {
      caller,
      stats,
      bodyLength,
      acceptsStream: accepted.isStream,
      beginStream: transport === 'sse' ? () => true : beginStream,
    });
    // Yoga refused the method or the media type before any GraphQL.
    if (!stats.isCounted) requests.invalid.count(transport, 'BAD_REQUEST', toSeconds(startedAt));
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

  /** Refuses a request before any GraphQL. */
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

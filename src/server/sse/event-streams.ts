/**
 * Server-sent events: the limits and the lifetime of an event stream. A stream counts against its
 * owner's quota of subscriptions (OWNER_SUBSCRIPTIONS, together with WebSockets) and all owners' quota
 * (MAX_SUBSCRIPTIONS). It ends when the client leaves, when its token expires and when the gateway shuts
 * down. Yoga sends a comment every 12 s, so that idle streams stay open.
 */

import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { cancelAt } from '../../auth/expiry.ts';
import type { Identity } from '../../auth/identity.ts';
import type { Cancellation } from '../../cancellation.ts';
import type { ToClientError } from '../../client-errors.ts';
import { RateLimitedError } from '../../errors.ts';
import { createTooLargeError, MAX_SUBSCRIPTION_BYTES } from '../graphql/subscription-size.ts';
import type { Quota } from '../quota.ts';

/**
 * Starts a stream that ends with its response or its token.
 *
 * @returns false when the owner, or all owners together, have too many subscriptions.
 */
export function beginEventStream(
  response: ServerResponse,
  subscriptions: Quota,
  { owner, expiresAt }: Identity,
  cancellation: Cancellation,
): boolean {
  if (!subscriptions.acquire(owner)) return false;
  // nginx and similar proxies would otherwise hold events back until their buffer is full.
  response.setHeader('x-accel-buffering', 'no');
  const cancelExpiry = cancelAt(expiresAt, cancellation);
  response.on('close', () => {
    subscriptions.release(owner);
    cancelExpiry();
  });
  return true;
}

/** Whether the response is an event stream. A shutdown cuts these, because they never end by themselves. */
export function isEventStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type')).includes('text/event-stream');
}

/** What the plugin needs from an HTTP request. Subscriptions on WebSockets have no such request. */
export interface StreamContext {
  /** The length of the request in bytes. */
  readonly bodyLength: number;
  /** Whether the client accepts server-sent events. */
  readonly acceptsStream: boolean;
  /** Called once per subscription; false when there are too many. */
  readonly beginStream: () => boolean;
}

/**
 * Refuses subscriptions of clients that did not ask for an event stream (Yoga would send one for `*` as
 * well), that are too large, or that exceed the quota.
 */
export function useEventStreams(
  toClientError: ToClientError,
): Plugin<Partial<StreamContext> & { request?: Request }> {
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const { request, acceptsStream, beginStream, bodyLength = 0 } = args.contextValue;
      // A subscription on a WebSocket, which has limits of its own (websocket/).
      if (!request) return;
      if (!acceptsStream) {
        const message = 'Subscriptions come as server-sent events: accept text/event-stream.';
        const extensions = { code: 'BAD_REQUEST', http: { status: 406 } };
        setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions })] });
      } else if (bodyLength > MAX_SUBSCRIPTION_BYTES) {
        setResultAndStopExecution({ errors: [createTooLargeError()] });
      } else if (!beginStream?.()) {
        const { message, extensions } = toClientError(new RateLimitedError());
        const error = { extensions: { ...extensions, http: { status: 429 } } };
        setResultAndStopExecution({ errors: [new GraphQLError(message, error)] });
      }
    },
  };
}

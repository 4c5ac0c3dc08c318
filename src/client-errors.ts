/** The one crossing from Error to GraphQLError. */

import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { CALLER_LEFT } from './cancellation.ts';
import { GatewayError } from './errors.ts';

/** Turns whatever was thrown into what a client may see. A bug becomes INTERNAL, and is logged. */
export type ToClientError = (error: unknown) => GraphQLError;

/** @param isOpen whether clients may learn names of the schema that they did not know. */
export function createToClientError(log: Logger, isOpen: boolean): ToClientError {
  return (error) => {
    const cause = toCause(error);
    if (cause === null) return toDocumentError(error as GraphQLError, isOpen);

    const place = error instanceof GraphQLError ? toPlace(error) : {};
    if (cause instanceof GatewayError) {
      const { code, retryable, retryAfter, upstreamCode } = cause;
      return new GraphQLError(cause.message, {
        ...place,
        extensions: { code, retryable, retryAfter, upstreamCode, ...toFacts(cause) },
      });
    }
    // Nobody will read the answer, and nothing is wrong.
    if (cause !== CALLER_LEFT) log.error({ err: cause }, 'unexpected error in a request');
    return new GraphQLError('Something went wrong inside the gateway.', {
      ...place,
      extensions: { code: 'INTERNAL', retryable: false, retryAfter: null, upstreamCode: null },
    });
  };
}

/** What a resolver threw; null when the error is GraphQL's own, about the document or its values. */
function toCause(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return error ?? new Error('Nothing was thrown.');
  const { originalError } = error;
  if (!originalError) return null;
  return originalError instanceof GraphQLError ? toCause(originalError) : originalError;
}

/** Validation leaves these out when asked to; the executor, which judges the variables, cannot. */
const SUGGESTION = / Did you mean [^?]*\?/g;

/**
 * Executors give no code to a variable that does not fit its type; everything else has one. What
 * else stands in `extensions` is Yoga's note to its HTTP side, which takes it out again.
 */
function toDocumentError(error: GraphQLError, isOpen: boolean): GraphQLError {
  return new GraphQLError(isOpen ? error.message : error.message.replaceAll(SUGGESTION, ''), {
    ...toPlace(error),
    extensions: { code: 'BAD_USER_INPUT', ...error.extensions },
  });
}

function toPlace(error: GraphQLError) {
  return { nodes: error.nodes, source: error.source, positions: error.positions, path: error.path };
}

function toFacts(error: GatewayError) {
  return 'issues' in error ? { issues: error.issues } : {};
}

/** Converts errors to the GraphQL errors that clients see. */

import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { CALLER_LEFT } from './cancellation.ts';
import { ERROR_TABLE } from './error-table.ts';
import { GatewayError } from './errors.ts';

/** Converts any thrown value. An unexpected one becomes INTERNAL and is logged. */
export type ToClientError = (error: unknown) => GraphQLError;

/** @param isOpen whether errors may suggest names from the schema. */
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
    // A client that has disconnected is not an error.
    if (cause !== CALLER_LEFT) log.error({ err: cause }, 'unexpected error in a request');
    return new GraphQLError(ERROR_TABLE.INTERNAL.message ?? '', {
      ...place,
      extensions: { code: 'INTERNAL', retryable: false, retryAfter: null, upstreamCode: null },
    });
  };
}

/** The value that a resolver threw; null for an error of GraphQL itself about the document or its values. */
function toCause(error: unknown): unknown {
  if (!(error instanceof GraphQLError)) return error ?? new Error('Nothing was thrown.');
  const { originalError } = error;
  if (!originalError) return null;
  return originalError instanceof GraphQLError ? toCause(originalError) : originalError;
}

/** Validation can hide suggestions, but the executor, which checks variables, cannot. */
const SUGGESTION = / Did you mean [^?]*\?/g;

/**
 * Adds BAD_USER_INPUT to errors of variables, which have no code; all others have one. Yoga's HTTP
 * adapter removes `extensions.http` again.
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

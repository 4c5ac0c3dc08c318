/** Errors of operations that do not start, with the same codes as over HTTP. */

import { GraphQLError } from 'graphql';

/** Over HTTP Yoga adds this code and the next one. */
export function toParseError(error: unknown): unknown {
  if (!(error instanceof GraphQLError) || error.extensions.code) return error;
  const { message, source, positions } = error;
  return new GraphQLError(message, {
    source,
    positions,
    extensions: { code: 'GRAPHQL_PARSE_FAILED' },
  });
}

export function createUnknownOperationError(): GraphQLError {
  return new GraphQLError('Could not determine what operation to execute.', {
    extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
  });
}

/** Removes `extensions.http`, which Yoga's HTTP adapter uses internally. */
export function toSocketError(error: GraphQLError): GraphQLError {
  const { http: _http, ...extensions } = error.extensions;
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions });
}

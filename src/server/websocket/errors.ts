/** What a WebSocket client is told of an operation that does not begin: the same as over HTTP. */

import { GraphQLError } from 'graphql';

/** Over HTTP Yoga gives this code and the next. */
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

/** `extensions.http` is Yoga's note to its own HTTP side. */
export function toSocketError(error: GraphQLError): GraphQLError {
  const { http: _http, ...extensions } = error.extensions;
  const { message, nodes, source, positions } = error;
  return new GraphQLError(message, { nodes, source, positions, extensions });
}

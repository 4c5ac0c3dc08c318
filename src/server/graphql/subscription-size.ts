import { GraphQLError } from 'graphql';

/** All of a subscription's request stays in memory until the subscription ends. */
export const MAX_SUBSCRIPTION_BYTES = 32 * 1024;

export function createTooLargeError(): GraphQLError {
  const message = `The request of a subscription may have at most ${MAX_SUBSCRIPTION_BYTES / 1024} KiB.`;
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 413 } } });
}

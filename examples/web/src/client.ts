/** urql: queries and mutations by POST, subscriptions by graphql-ws, one cache for all of them. */

import { Client, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core';
import { type Cache, cacheExchange } from '@urql/exchange-graphcache';
import { gatewayUrl, socket } from './connection.ts';
import schema from './gql/schema.json';
import { askToSignIn, isUnauthenticated, toAuthorization } from './session.ts';

/** Only Node types have an id that can be a cache key; all other types are embedded in their parent. */
const embedded = schema.__schema.types
  .filter(({ kind, interfaces }) => kind === 'OBJECT' && !interfaces?.some(isNode))
  .map(({ name }) => [name, () => null]);

export const client = new Client({
  url: gatewayUrl,
  preferGetMethod: false,
  fetchOptions: () => ({ headers: toAuthorization() }),
  exchanges: [
    mapExchange({
      onError(error) {
        if (isUnauthenticated(error)) askToSignIn();
      },
    }),
    // Graphcache instead of the document cache: an event then updates the video in the player, the strip
    // and the list. The schema contains the members of each union.
    cacheExchange({
      schema,
      keys: Object.fromEntries(embedded),
      updates: {
        Mutation: {
          deleteVideo(_result, { id }, cache) {
            cache.invalidate({ __typename: 'Video', id: String(id) });
            readListAgain(cache);
          },
        },
        Subscription: {
          // It has moved from the list of one state to that of another.
          videoExtended: (_result, _args, cache) => readListAgain(cache, 'states'),
        },
      },
    }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription({ query = '', variables }) {
        // graphql-ws sends this object again when it reconnects, and so from the last cursor.
        const current = { ...variables };
        return {
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe<{ videoExtended?: { cursor: string } }>(
              { query, variables: current },
              {
                ...sink,
                next({ data = null, errors }) {
                  const cursor = data?.videoExtended?.cursor;
                  if (cursor) current.after = cursor;
                  sink.next({ data, errors });
                },
              },
            ),
          }),
        };
      },
    }),
  ],
});

function isNode({ name }: { name: string }): boolean {
  return name === 'Node';
}

/** @param argument invalidates only the lists with this argument. Default: all. */
function readListAgain(cache: Cache, argument?: string): void {
  for (const { fieldName, fieldKey, arguments: given } of cache.inspectFields('Query')) {
    if (fieldName === 'sequences') cache.invalidate('Query', fieldKey);
    if (fieldName !== 'videos') continue;
    if (!argument || given?.[argument]) cache.invalidate('Query', fieldKey);
  }
}

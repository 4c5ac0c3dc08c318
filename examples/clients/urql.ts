/** urql with Graphcache: one normalised cache for queries, mutations and subscriptions. */

import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import {
  ExtendVideoDocument,
  type ExtendVideoInput,
  type ExtendVideoMutation,
  VideoExtendedDocument,
  type VideoInfoFragment,
} from './gql/graphql.ts';
import schema from './gql/schema.json' with { type: 'json' };
import { createSocket } from './graphql-ws.ts';

// #region cache
/** Only what is a Node has an id to be kept under; the rest lives inside what holds it. */
const embedded = schema.__schema.types
  .filter(({ kind, interfaces }) => kind === 'OBJECT' && !interfaces?.some(isNode))
  .map(({ name }) => [name, () => null]);

const cache = cacheExchange({
  // It knows what the union and the interfaces stand for.
  schema,
  keys: Object.fromEntries(embedded),
  resolvers: { Query: { videos: relayPagination() } },
  updates: {
    Mutation: {
      // There is one more video now: read the lists again.
      extendVideo(_result, _args, cache) {
        for (const { fieldName, fieldKey } of cache.inspectFields('Query')) {
          if (fieldName === 'videos') cache.invalidate('Query', fieldKey);
        }
      },
    },
  },
});
// #endregion

// #region setup
export function createUrqlClient(url: string, getToken: () => string): Client {
  const socket = createSocket(url, getToken);
  const subscriptions = subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  });
  return new Client({
    url,
    // By POST, which has the gateway's shortest way; urql would ask by GET.
    preferGetMethod: false,
    fetchOptions: () => ({ headers: { authorization: `Bearer ${getToken()}` } }),
    exchanges: [cache, fetchExchange, subscriptions],
  });
}
// #endregion

// #region use
/** @throws CombinedError where there is no answer: the same input may be sent again. */
export async function extendVideo(
  client: Client,
  input: ExtendVideoInput,
): Promise<ExtendVideoMutation['extendVideo']> {
  const { data, error } = await client.mutation(ExtendVideoDocument, { input }).toPromise();
  if (!data) throw error;
  return data.extendVideo;
}

export function followCompletions(
  client: Client,
  after: string,
  onEnded: (video: VideoInfoFragment) => void,
  onError: (error: unknown) => void,
): () => void {
  const { unsubscribe } = client
    .subscription(VideoExtendedDocument, { after })
    .subscribe(({ data, error }) =>
      error ? onError(error) : data && onEnded(data.videoExtended.video),
    );
  return unsubscribe;
}
// #endregion

function isNode({ name }: { name: string }): boolean {
  return name === 'Node';
}

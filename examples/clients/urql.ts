/** urql with Graphcache: one normalised cache for queries, mutations and subscriptions. */

import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { type Cache, cacheExchange, type UpdateResolver } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import {
  type DeleteVideoMutation,
  ExtendVideoDocument,
  type ExtendVideoInput,
  type ExtendVideoMutation,
  VideoExtendedDocument,
  type VideoInfoFragment,
} from './gql/graphql.ts';
import schema from './gql/schema.json' with { type: 'json' };
import { createSocket } from './graphql-ws.ts';

// #region cache
/** Only Node types have an id that can be a cache key; all other types are embedded in their parent. */
const embedded = schema.__schema.types
  .filter(({ kind, interfaces }) => kind === 'OBJECT' && !interfaces?.some(isNode))
  .map(({ name }) => [name, () => null]);

/** The lists are stale now: reads those again that are displayed. */
function readListsAgain(cache: Cache): void {
  for (const { fieldName, fieldKey } of cache.inspectFields('Query')) {
    if (fieldName === 'videos') cache.invalidate('Query', fieldKey);
  }
}

const deleteVideo: UpdateResolver<DeleteVideoMutation> = (
  { deleteVideo: result },
  _args,
  cache,
) => {
  if (!('id' in result)) return;
  cache.invalidate({ __typename: 'Video', id: result.id });
  readListsAgain(cache);
};

const cache = cacheExchange({
  // Contains the possible types of the union and the interfaces.
  schema,
  keys: Object.fromEntries(embedded),
  resolvers: { Query: { videos: relayPagination() } },
  updates: {
    Mutation: {
      generateVideo: (_result, _args, cache) => readListsAgain(cache),
      extendVideo: (_result, _args, cache) => readListsAgain(cache),
      deleteVideo,
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
    // POST is the gateway's fastest path; urql would use GET.
    preferGetMethod: false,
    fetchOptions: () => ({ headers: { authorization: `Bearer ${getToken()}` } }),
    exchanges: [cache, fetchExchange, subscriptions],
  });
}
// #endregion

// #region use
/** @throws CombinedError if there is no answer: send the same input again. */
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

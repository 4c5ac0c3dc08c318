/** Apollo Client: one normalised cache for queries, mutations and subscriptions. */

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { OperationTypeNode } from 'graphql';
import possibleTypes from '../../possibleTypes.json' with { type: 'json' };
import {
  DeleteVideoDocument,
  type DeleteVideoMutation,
  ExtendVideoDocument,
  type ExtendVideoInput,
  type ExtendVideoMutation,
  VideoExtendedDocument,
  type VideoInfoFragment,
} from './gql/graphql.ts';
import { createSocket } from './graphql-ws.ts';

// #region setup
export function createApolloClient(url: string, getToken: () => string): ApolloClient {
  const authorize = new SetContextLink(({ headers }) => ({
    headers: { ...headers, authorization: `Bearer ${getToken()}` },
  }));
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(createSocket(url, getToken)),
      ApolloLink.from([authorize, new HttpLink({ uri: url })]),
    ),
    cache: new InMemoryCache({
      // Without it, fields selected on GatewayError would be missing without an error.
      possibleTypes,
      typePolicies: { Query: { fields: { videos: relayStylePagination(['states']) } } },
    }),
  });
}
// #endregion

// #region use
/** @throws Error if there is no answer: send the same input again. */
export async function extendVideo(
  client: ApolloClient,
  input: ExtendVideoInput,
): Promise<ExtendVideoMutation['extendVideo']> {
  const { data } = await client.mutate({
    mutation: ExtendVideoDocument,
    variables: { input },
    // The lists are stale now: read them again.
    update: (cache) => cache.evict({ fieldName: 'videos' }),
  });
  if (!data) throw new Error('No data');
  return data.extendVideo;
}

export async function deleteVideo(
  client: ApolloClient,
  id: string,
): Promise<DeleteVideoMutation['deleteVideo']> {
  const { data } = await client.mutate({
    mutation: DeleteVideoDocument,
    variables: { id },
    // Lists leave out what is no longer in the cache.
    update(cache, { data: deleted }) {
      if (!deleted || !('id' in deleted.deleteVideo)) return;
      cache.evict({ id: cache.identify({ __typename: 'Video', id: deleted.deleteVideo.id }) });
    },
  });
  if (!data) throw new Error('No data');
  return data.deleteVideo;
}

export function followCompletions(
  client: ApolloClient,
  after: string,
  onEnded: (video: VideoInfoFragment) => void,
  onError: (error: unknown) => void,
): () => void {
  const subscription = client
    .subscribe({ query: VideoExtendedDocument, variables: { after } })
    .subscribe(({ data, error }) =>
      error ? onError(error) : data && onEnded(data.videoExtended.video),
    );
  return () => subscription.unsubscribe();
}
// #endregion

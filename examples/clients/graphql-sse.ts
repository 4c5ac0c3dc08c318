/** graphql-sse: server-sent events, for where a WebSocket cannot pass. No cache. */

import { print } from 'graphql';
import { type Client, createClient, NetworkError } from 'graphql-sse';
import { backOff } from './back-off.ts';
import {
  ExtendVideoDocument,
  type ExtendVideoInput,
  type ExtendVideoMutation,
  VideoExtendedDocument,
  type VideoExtendedSubscription,
  type VideoInfoFragment,
} from './gql/graphql.ts';

// #region setup
export function createSseClient(url: string, getToken: () => string): Client {
  return createClient({
    url,
    // Called anew for each connection.
    headers: () => ({ authorization: `Bearer ${getToken()}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: backOff,
  });
}
// #endregion

// #region follow
/** Tells the end of every task after the cursor, until it is called off. */
export function followCompletions(
  client: Client,
  after: string,
  onEnded: (video: VideoInfoFragment) => void,
  onError: (error: unknown) => void,
): () => void {
  // When it reconnects, graphql-sse sends these again: with the cursor of the last event.
  const variables = { after };
  return client.subscribe<VideoExtendedSubscription>(
    { query: print(VideoExtendedDocument), variables },
    {
      next({ data, errors }) {
        if (!data) {
          const { code, retryable } = errors?.[0]?.extensions ?? {};
          // The token has ended, for one: from a NetworkError graphql-sse comes back, with a new one.
          if (retryable || code === 'UNAUTHENTICATED') throw new NetworkError(String(code));
          return onError(errors);
        }
        onEnded(data.videoExtended.video);
        variables.after = data.videoExtended.cursor;
      },
      error: onError,
      complete: () => {},
    },
  );
}
// #endregion

// #region extend
/** The key makes it safe that graphql-sse sends a mutation again, too, when the connection is lost. */
export async function extendVideo(
  client: Client,
  input: ExtendVideoInput & { idempotencyKey: string },
): Promise<ExtendVideoMutation['extendVideo']> {
  const query = print(ExtendVideoDocument);
  for await (const { data } of client.iterate<ExtendVideoMutation>({
    query,
    variables: { input },
  })) {
    if (data) return data.extendVideo;
  }
  throw new Error('No answer');
}
// #endregion

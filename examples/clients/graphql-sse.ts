/** graphql-sse: server-sent events, for networks that block WebSockets. No cache. */

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
    // Called for each connection.
    headers: () => ({ authorization: `Bearer ${getToken()}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    retry: backOff,
  });
}
// #endregion

// #region follow
/** Delivers every completion after the cursor until the returned function is called. */
export function followCompletions(
  client: Client,
  after: string,
  onEnded: (video: VideoInfoFragment) => void,
  onError: (error: unknown) => void,
): () => void {
  // graphql-sse sends these again when it reconnects, with the cursor of the last event.
  const variables = { after };
  return client.subscribe<VideoExtendedSubscription>(
    { query: print(VideoExtendedDocument), variables },
    {
      next({ data, errors }) {
        if (!data) {
          const { code, retryable } = errors?.[0]?.extensions ?? {};
          // For example an expired token: after a NetworkError graphql-sse reconnects with a new one.
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
/** graphql-sse also repeats mutations after a lost connection; the key makes this safe. */
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

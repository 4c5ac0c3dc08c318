/** graphql-ws: WebSocket subscriptions, also for urql, Apollo Client and Relay. */

import { print } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
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
export function createSocket(url: string, getToken: () => string): Client {
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    // Called for each connection: after 4403 (expired token) it reconnects with a new token.
    connectionParams: () => ({ Authorization: `Bearer ${getToken()}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: backOff,
    shouldRetry: () => true,
  });
  return { ...client, subscribe: carryCursor(client.subscribe) };
}
// #endregion

// #region cursor
/** graphql-ws sends the payload again when it reconnects; this keeps the last cursor in it. */
function carryCursor(subscribe: Client['subscribe']): Client['subscribe'] {
  return (payload, sink) => {
    const variables = { ...payload.variables };
    const next: typeof sink.next = (result) => {
      sink.next(result);
      // Last: an event that was not fully processed is delivered again.
      const event = (result.data as Partial<VideoExtendedSubscription> | null)?.videoExtended;
      if (event) variables.after = event.cursor;
    };
    return subscribe({ ...payload, variables }, { ...sink, next });
  };
}
// #endregion

// #region follow
/** Delivers every completion after the cursor until the returned function is called. */
export function followCompletions(
  socket: Client,
  after: string,
  onEnded: (video: VideoInfoFragment) => void,
  onError: (error: unknown) => void,
): () => void {
  return socket.subscribe<VideoExtendedSubscription>(
    { query: print(VideoExtendedDocument), variables: { after } },
    {
      next: ({ data, errors }) => (data ? onEnded(data.videoExtended.video) : onError(errors)),
      error: onError,
      complete: () => {},
    },
  );
}
// #endregion

// #region extend
/** graphql-ws also repeats mutations after a lost connection; the key makes this safe. */
export async function extendVideo(
  socket: Client,
  input: ExtendVideoInput & { idempotencyKey: string },
): Promise<ExtendVideoMutation['extendVideo']> {
  const payload = { query: print(ExtendVideoDocument), variables: { input } };
  for await (const { data } of socket.iterate<ExtendVideoMutation>(payload)) {
    if (data) return data.extendVideo;
  }
  throw new Error('No answer');
}
// #endregion

/** graphql-ws: a WebSocket. urql, Apollo Client and Relay take their subscriptions from here, too. */

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
    // Called anew for each connection: one that its token's end has closed (4403) comes back.
    connectionParams: () => ({ Authorization: `Bearer ${getToken()}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: backOff,
    shouldRetry: () => true,
  });
  return { ...client, subscribe: carryCursor(client.subscribe) };
}
// #endregion

// #region cursor
/** When it reconnects, graphql-ws sends the payload again: with the cursor of the last event now. */
function carryCursor(subscribe: Client['subscribe']): Client['subscribe'] {
  return (payload, sink) => {
    const variables = { ...payload.variables };
    const next: typeof sink.next = (result) => {
      sink.next(result);
      // Last: what was not processed to its end comes again.
      const event = (result.data as Partial<VideoExtendedSubscription> | null)?.videoExtended;
      if (event) variables.after = event.cursor;
    };
    return subscribe({ ...payload, variables }, { ...sink, next });
  };
}
// #endregion

// #region follow
/** Tells the end of every task after the cursor, until it is called off. */
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
/** The key makes it safe that graphql-ws sends a mutation again, too, when the connection is lost. */
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

/** graphql-request: no cache and no subscriptions, so it polls the log that videoExtended streams. */

import { ClientError, GraphQLClient } from 'graphql-request';
import {
  CompletionsDocument,
  ExtendVideoDocument,
  type ExtendVideoInput,
  type ExtendVideoMutation,
  GenerateVideoDocument,
  type GenerateVideoInput,
  type GenerateVideoMutation,
  VideoDocument,
  type VideoInfoFragment,
  WithdrawVideoDocument,
  type WithdrawVideoMutation,
} from './gql/graphql.ts';

// #region setup
export function createRequestClient(url: string, getToken: () => string): GraphQLClient {
  return new GraphQLClient(url, {
    headers: () => ({ authorization: `Bearer ${getToken()}` }),
  });
}

/** @throws ClientError and others if there is no answer: send the same input again. */
export async function generateVideo(
  client: GraphQLClient,
  input: GenerateVideoInput,
): Promise<GenerateVideoMutation['generateVideo']> {
  return (await client.request(GenerateVideoDocument, { input })).generateVideo;
}

/** The same for an extension. */
export async function extendVideo(
  client: GraphQLClient,
  input: ExtendVideoInput,
): Promise<ExtendVideoMutation['extendVideo']> {
  return (await client.request(ExtendVideoDocument, { input })).extendVideo;
}

/** Ends a scheduled video before it is sent. Safe to repeat. */
export async function withdrawVideo(
  client: GraphQLClient,
  id: string,
): Promise<WithdrawVideoMutation['withdrawVideo']> {
  return (await client.request(WithdrawVideoDocument, { id })).withdrawVideo;
}

export async function readVideo(
  client: GraphQLClient,
  taskId: string,
): Promise<VideoInfoFragment | null> {
  return (await client.request(VideoDocument, { taskId })).video;
}
// #endregion

// #region follow
/** Yields every completion after the cursor. */
export async function* followCompletions(
  client: GraphQLClient,
  after: string,
  wait: () => Promise<unknown> = () => new Promise((resolve) => setTimeout(resolve, 5_000)),
): AsyncGenerator<VideoInfoFragment> {
  for (;;) {
    const page = await client.request(CompletionsDocument, { after }).catch(throwIfFinal);
    for (const { node } of page?.completions.edges ?? []) {
      yield node.video;
      // Only now: an event that was not fully processed is delivered again.
      after = node.cursor;
    }
    if (!page?.completions.pageInfo.hasNextPage) await wait();
  }
}

/** Ignores missing answers and retryable errors. */
function throwIfFinal(error: unknown): void {
  if (!(error instanceof ClientError)) return;
  if (error.response.errors?.some(({ extensions }) => !extensions.retryable)) throw error;
}
// #endregion

/** Follows the completions of the user's tasks: misses none and repeats none, also across reloads. */

import type { Client, CombinedError } from '@urql/core';
import {
  LogEndDocument,
  VideoDocument,
  VideoExtendedDocument,
  type VideoFieldsFragment,
} from './gql/graphql.ts';
import { recall, remember } from './memory.ts';
import { isEnded } from './words.ts';

const FETCH = { requestPolicy: 'network-only' } as const;
const AGAIN_AFTER_S = 3;

/** @returns a function that stops it. */
export function followCompletions(
  client: Client,
  onEnded: (video: VideoFieldsFragment) => void,
): () => void {
  let isStopped = false;
  let timer: number | undefined;
  let subscription: { unsubscribe(): void } | undefined;

  function settle(video: VideoFieldsFragment): void {
    const { open, submit, early } = recall();
    if (!open.includes(video.id)) {
      if (submit) remember({ early: [...early, video.id] });
      return;
    }
    forget(video.id);
    onEnded(video);
  }

  async function listen(): Promise<void> {
    const after = recall().cursor ?? (await startAnew(client, settle));
    if (isStopped) return;
    remember({ cursor: after });
    subscription = client.subscription(VideoExtendedDocument, { after }).subscribe((result) => {
      if (result.error) return recover(result.error);
      if (!result.data) return;
      const { cursor, video } = result.data.videoExtended;
      settle(video);
      // Last: an event that was not fully processed is delivered again.
      remember({ cursor });
    });
  }

  function recover(error: CombinedError): void {
    const { code, retryAfter } = error.graphQLErrors[0]?.extensions ?? {};
    // The log no longer contains the cursor, or the cursor is of another database.
    const isLost = code === 'CURSOR_EXPIRED' || code === 'INVALID_INPUT';
    if (isLost) remember({ cursor: null });
    const seconds = isLost ? 0 : Number(retryAfter ?? AGAIN_AFTER_S);
    timer = window.setTimeout(start, seconds * 1000);
  }

  function start(): void {
    listen().catch((error) => {
      if (!isStopped) recover(error);
    });
  }

  start();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    subscription?.unsubscribe();
  };
}

/**
 * Without a cursor: reads the end of the log, then the open videos. In this order, a video that ends in
 * between is reported twice rather than never.
 *
 * @throws CombinedError
 */
async function startAnew(
  client: Client,
  settle: (video: VideoFieldsFragment) => void,
): Promise<string | null> {
  let after: string | null = null;
  for (let hasNext = true; hasNext; ) {
    const { data, error } = await client.query(LogEndDocument, { after }, FETCH).toPromise();
    if (!data) throw error;
    after = data.completions.pageInfo.endCursor;
    hasNext = data.completions.pageInfo.hasNextPage;
  }
  for (const id of recall().open) {
    const { data, error } = await client.query(VideoDocument, { taskId: id }, FETCH).toPromise();
    if (!data) throw error;
    // A video that is no longer known has ended long ago.
    if (!data.video) forget(id);
    else if (isEnded(data.video.state)) settle(data.video);
  }
  return after;
}

function forget(id: string): void {
  remember({ open: recall().open.filter((other) => other !== id) });
}

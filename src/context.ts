/** What one request may reach. */

import DataLoader from 'dataloader';
import type { Logger } from 'pino';
import type { Cursors } from './delivery/cursor.ts';
import type { Hub } from './delivery/hub.ts';
import type { Reader } from './delivery/reader.ts';
import type { FinishedVideos } from './store/finished.ts';
import type { Database } from './store/schema.ts';
import { findLineages, findVideos } from './store/videos.ts';
import type { Submitter } from './submit/submitter.ts';
import type { Refresher } from './upkeep/refresher.ts';
import type { Video } from './video.ts';

/** The long-lived things, made once in `gateway.ts`. */
export interface Services {
  readonly db: Database;
  readonly cursors: Cursors;
  readonly hub: Hub;
  readonly reader: Reader;
  readonly submitter: Submitter;
  readonly refresher: Refresher;
  readonly finished: FinishedVideos;
  readonly log: Logger;
}

export interface Caller {
  /** Whose videos these are: every read and write is scoped to it. */
  readonly owner: string;
  /** Aborted when the caller leaves. Reads and waits end with it, payments do not. */
  readonly signal: AbortSignal;
}

export interface Context extends Services {
  readonly owner: string;
  readonly caller: Caller;
  /** One of the caller's videos in the store, by id or task id; null and undefined as in `findVideos`. */
  readonly loadVideo: (key: string) => Promise<Video | null | undefined>;
  /** A task's own video and what it extends, nearest first, as far as the store knows. */
  readonly loadLineage: (query: { taskId: string; depth: number }) => Promise<Video[]>;
}

export function createContext(services: Services, caller: Caller): Context {
  const { db, finished } = services;
  const { owner } = caller;

  // The loaders batch and do not cache: a subscription's context lives for hours. Most requests need
  // neither of them.
  let videos: DataLoader<string, Video | null | undefined> | undefined;
  let lineages: DataLoader<{ taskId: string; depth: number }, Video[]> | undefined;

  async function findEach(keys: readonly string[]): Promise<(Video | null | undefined)[]> {
    const found = await findVideos(db, owner, [...new Set(keys)]);
    for (const video of found.values()) if (video) finished.remember(owner, video);
    return keys.map((key) => found.get(key));
  }

  async function findEachLineage(
    queries: readonly { taskId: string; depth: number }[],
  ): Promise<Video[][]> {
    const depth = Math.max(...queries.map((query) => query.depth));
    const taskIds = [...new Set(queries.map((query) => query.taskId))];
    const found = await findLineages(db, owner, taskIds, depth);
    return queries.map((query) => (found.get(query.taskId) ?? []).slice(0, query.depth));
  }

  return {
    ...services,
    owner,
    caller,
    loadVideo(key) {
      videos ??= new DataLoader(findEach, { cache: false });
      return videos.load(key);
    },
    loadLineage(query) {
      lineages ??= new DataLoader(findEachLineage, { cache: false });
      return lineages.load(query);
    },
  };
}

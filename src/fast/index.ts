/**
 * Optional accelerations. Outside of this folder only gateway.ts imports it, and without it every
 * answer is the same. `THIN_PATH=off` switches off everything except the cache of videos, whose
 * replacement is `NO_CACHE`.
 */

import type { GraphQLSchema } from 'graphql';
import type { Config } from '../config.ts';
import type { LimitResultSize } from '../server/graphql/result-size.ts';
import { createPlainExecuteEvent, type ExecuteEvent } from '../server/graphql/subscribe.ts';
import type { AnswerDirectly } from '../server/http/direct-answer.ts';
import type { VideoCache } from '../store/video-loader.ts';
import { createPlanner } from './execution/planner.ts';
import { createFinishedVideos } from './finished-videos.ts';
import { createSharedEvents } from './shared-events.ts';
import { createThinPath, type ThinPathParts } from './thin-path.ts';
import { createWriteBatcher } from './write-batcher.ts';

export interface FastPaths {
  readonly videoCache: VideoCache;
  readonly executeEvent: ExecuteEvent;
  readonly waitForBatch: (() => Promise<void>) | null;
  /** Created last, because it depends on everything else. */
  createAnswerDirectly(parts: Omit<ThinPathParts, 'planner'>): AnswerDirectly | null;
}

export function createFastPaths(
  { THIN_PATH }: Pick<Config, 'THIN_PATH'>,
  schema: GraphQLSchema,
  limitResultSize: LimitResultSize,
): FastPaths {
  const videoCache = createFinishedVideos();
  if (!THIN_PATH) {
    return {
      videoCache,
      executeEvent: createPlainExecuteEvent(limitResultSize),
      waitForBatch: null,
      createAnswerDirectly: () => null,
    };
  }
  return {
    videoCache,
    executeEvent: createSharedEvents(createPlanner(schema, 'subscription'), limitResultSize),
    waitForBatch: createWriteBatcher(),
    createAnswerDirectly: (parts) =>
      createThinPath({ ...parts, planner: createPlanner(schema, 'query') }),
  };
}

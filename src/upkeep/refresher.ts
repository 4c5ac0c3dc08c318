/** Reads at the upstream for clients: shared, limited in frequency, and bounded in time. */

import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { EndTaskParts } from '../delivery/end-task.ts';
import { GatewayError, RateLimitedError } from '../errors.ts';
import type { VideoLoader } from '../store/video-loader.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import type { TaskReport } from '../upstream/details.ts';
import { isEnded, type Video } from '../video.ts';
import { toForeignId } from '../video-id.ts';
import { within } from '../within.ts';
import { createMeteredRead, type MeteredReadConfig } from './metered-reads.ts';
import { applyReport } from './reports.ts';
import { createSharedReads } from './shared-reads.ts';

/** How long a client waits for the upstream before it gets the stored row. */
const PATIENCE_MS = 2_000;
/** How long an id that the upstream does not know is not read again, for any caller. */
const UNKNOWN_MS = 15_000;
const MAX_UNKNOWN = 10_000;

export interface Refresher {
  /**
   * Returns one of the owner's videos, refreshed by a read at the upstream if that can bring news. A failed
   * read only leaves an older `checkedAt`.
   */
  refresh(owner: string, video: Video, signal: AbortSignal): Promise<Video>;
  /**
   * Reads a foreign video; null when the upstream does not know it, or with `FOREIGN_VIDEOS=deny`.
   *
   * @throws RateLimitedError when the owner's reads or those of all are used up; other
   * upstream errors; the signal's reason.
   */
  readForeign(owner: string, taskId: string, signal: AbortSignal): Promise<Video | null>;
}

export function createRefresher(
  parts: EndTaskParts & {
    readonly upstream: UpstreamClient;
    readonly videoLoader: VideoLoader;
    readonly log: Logger;
    readonly config: Pick<Config, 'FOREIGN_VIDEOS'> & MeteredReadConfig;
  },
): Refresher {
  const { videoLoader, log, config } = parts;
  const readMetered = createMeteredRead(parts);
  const refreshes = createSharedReads<void>();
  const reads = createSharedReads<TaskReport | null>();
  const unknown = new LRUCache<string, true>({ max: MAX_UNKNOWN, ttl: UNKNOWN_MS });

  async function readAndApply(
    owner: string,
    id: string,
    taskId: string,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const report = await readMetered(owner, taskId, signal);
      await applyReport(parts, { id, owner }, report, false);
    } catch (error) {
      if (signal.aborted || isUnsent(error)) return;
      if (!(error instanceof GatewayError)) throw error;
      log.warn({ video: id, code: error.code, upstreamCode: error.upstreamCode }, 'read failed');
    }
  }

  return {
    async refresh(owner, video, signal) {
      const { id, taskId } = video;
      if (taskId === null || !mayHaveNews(video)) return video;
      // The last read is less than 2 s old, and its result is stored.
      if (refreshes.hasAnswer(taskId)) return video;
      const refreshed = refreshes.read(
        taskId,
        (abort) => readAndApply(owner, id, taskId, abort),
        signal,
      );
      // The read continues after that and wakes subscribers.
      const isLate = await within(
        PATIENCE_MS,
        refreshed.then(() => false),
        true,
      );
      if (isLate) refreshed.catch(() => undefined);
      return (await videoLoader.load(owner, id)) ?? video;
    },

    async readForeign(owner, taskId, signal) {
      if (config.FOREIGN_VIDEOS === 'deny' || unknown.has(taskId)) return null;
      const report = await reads.read(taskId, (abort) => readMetered(owner, taskId, abort), signal);
      if (report === null) unknown.set(taskId, true);
      return report && toForeignVideo(report);
    },
  };
}

/** The error of a used-up budget, for which the upstream was not asked. */
function isUnsent(error: unknown): boolean {
  return error instanceof RateLimitedError && error.upstreamCode === null;
}

/** A task that the gateway gave up may have succeeded since. */
function mayHaveNews({ state, failure }: Video): boolean {
  if (!isEnded(state)) return true;
  return failure?.reason === 'DEADLINE_PASSED' || failure?.reason === 'NEVER_CONFIRMED';
}

function toForeignVideo(report: TaskReport): Video {
  const { taskId, files, failure, expired } = report;
  // A success needs a file, or one that has expired.
  const isFileless = report.state === 'SUCCEEDED' && files === null && !expired;
  return {
    id: toForeignId(taskId),
    taskId,
    kind: report.sourceTaskId === null ? 'ORIGINAL' : 'EXTENSION',
    duration: null,
    aspectRatio: null,
    state: isFileless ? 'GENERATING' : (report.state ?? 'WAITING'),
    prompt: report.prompt,
    quality: null,
    waterMark: null,
    imageUrl: report.imageUrl,
    expandPrompt: report.expandPrompt,
    sourceTaskId: report.sourceTaskId,
    sequenceId: null,
    videoId: files?.videoId ?? null,
    videoUrl: files?.videoUrl ?? null,
    coverUrl: files?.coverUrl ?? null,
    failure,
    createdAt: null,
    startedAt: null,
    notBefore: null,
    queuedUntil: null,
    finishedAt: null,
    expiresAt: null,
    expired,
    checkedAt: Date.now(),
    copies: null,
  };
}

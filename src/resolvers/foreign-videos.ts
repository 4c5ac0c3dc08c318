import { setTimeout as delay } from 'node:timers/promises';
import type { Cancellation } from '../cancellation.ts';
import type { Context } from '../context.ts';
import { GatewayError, VideoNotFoundError } from '../errors.ts';
import { isEnded, type Video } from '../video.ts';
import { readVideo } from './video.ts';

const SHORTEST_GAP_MS = 2_000;
const MAX_GAP_MS = 15_000;

/**
 * A foreign video has no callback, so it is read again with growing gaps while somebody subscribes.
 * Yields its present state, then each change.
 *
 * @throws VideoNotFoundError and upstream errors, on the first read only.
 */
export async function* followForeign(
  key: string,
  ctx: Context,
  cancellation: Cancellation,
): AsyncGenerator<Video, void, void> {
  const since = performance.now();
  const listener = ctx.forCaller({ owner: ctx.owner, cancellation });
  let last: Video | null = await readVideo(key, listener);
  if (!last) throw new VideoNotFoundError(key);
  yield last;
  while (!isEnded(last.state)) {
    const gap = Math.min(MAX_GAP_MS, Math.max(SHORTEST_GAP_MS, (performance.now() - since) / 4));
    await delay(gap, undefined, { signal: cancellation.signal, ref: false });
    const video = await readOrSkip(key, listener);
    if (!video || video.state === last.state) continue;
    yield video;
    last = video;
  }
}

/** Yields the video once it has ended. Throws as `followForeign`. */
export async function* followForeignToEnd(
  key: string,
  ctx: Context,
  cancellation: Cancellation,
): AsyncGenerator<Video, void, void> {
  for await (const video of followForeign(key, ctx, cancellation)) {
    if (isEnded(video.state)) yield video;
  }
}

/** A failed read is skipped: the next one may succeed. */
async function readOrSkip(key: string, ctx: Context): Promise<Video | null> {
  try {
    return await readVideo(key, ctx);
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

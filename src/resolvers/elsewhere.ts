import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../context.ts';
import type { Ending } from '../ending.ts';
import { GatewayError, VideoNotFoundError } from '../errors.ts';
import { isEnded, type Video } from '../video.ts';
import { readVideo } from './video.ts';

const SHORTEST_GAP_MS = 2_000;
const LONGEST_GAP_MS = 15_000;

/**
 * A video that was not made through the gateway has no callback: it is read anew, at growing gaps,
 * while somebody listens. Yields it as it stands, then at each change of its state.
 *
 * @throws VideoNotFoundError, and the upstream's trouble, for the first read only.
 */
export async function* followElsewhere(
  key: string,
  ctx: Context,
  ending: Ending,
): AsyncGenerator<Video, void, void> {
  const since = performance.now();
  const listener = ctx.forCaller({ owner: ctx.owner, ending });
  let last: Video | null = await readVideo(key, listener);
  if (!last) throw new VideoNotFoundError(key);
  yield last;
  while (!isEnded(last.state)) {
    const gap = Math.min(
      LONGEST_GAP_MS,
      Math.max(SHORTEST_GAP_MS, (performance.now() - since) / 4),
    );
    await delay(gap, undefined, { signal: ending.signal, ref: false });
    const video = await readOrSkip(key, listener);
    if (!video || video.state === last.state) continue;
    yield video;
    last = video;
  }
}

/** Such a video once it has ended. Throws as `followElsewhere`. */
export async function* followElsewhereToEnd(
  key: string,
  ctx: Context,
  ending: Ending,
): AsyncGenerator<Video, void, void> {
  for await (const video of followElsewhere(key, ctx, ending)) {
    if (isEnded(video.state)) yield video;
  }
}

/** The next read may fare better. */
async function readOrSkip(key: string, ctx: Context): Promise<Video | null> {
  try {
    return await readVideo(key, ctx);
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

import type { Context } from '../context.ts';
import { type Sequence, type SequenceParts, type SequenceProblem, START } from '../sequence.ts';
import { isEnded, type Video, type VideoFailure } from '../video.ts';
import { isSequenceId } from '../video-id.ts';
import { readVideo } from './video.ts';

export async function readSequence(id: string, ctx: Context): Promise<Sequence | null> {
  if (!isSequenceId(id)) return null;
  return (await ctx.loadSequence(id)) ?? null;
}

/** A video or a sequence. */
export function readNode(id: string, ctx: Context): Video | Promise<Video | Sequence | null> {
  return isSequenceId(id) ? readSequence(id, ctx) : readVideo(id, ctx);
}

/** The sequence that made a video. */
export async function readSequenceOf(video: Video, ctx: Context): Promise<Sequence | null> {
  if (video.sequenceId === null) return null;
  return (await ctx.loadSequence(video.sequenceId)) ?? null;
}

/** Those of a subscription's event are there; otherwise those of all sequences in an answer are read together. */
export function readParts(
  sequence: Sequence,
  ctx: Context,
): SequenceParts | Promise<SequenceParts> {
  return sequence.parts ?? ctx.loadParts(sequence);
}

/** The stored video; for a video that was made elsewhere, one shared read at the upstream. */
export async function readStart(sequence: Sequence, ctx: Context): Promise<Video | null> {
  const { start } = await readParts(sequence, ctx);
  if (start || sequence.startVideoId !== null || sequence.startTaskId === null) return start;
  return readVideo(sequence.startTaskId, ctx);
}

export interface Problem extends Pick<SequenceProblem, 'message' | 'code'> {
  readonly video: Video | null;
  readonly failure: VideoFailure | null;
}

export async function readProblem(sequence: Sequence, ctx: Context): Promise<Problem | null> {
  const { problem } = sequence;
  if (!problem) return null;
  const { videos } = await readParts(sequence, ctx);
  const video = videos.get(problem.videoId ?? '') ?? null;
  return { message: problem.message, code: problem.code, video, failure: video?.failure ?? null };
}

/** The end of the open task and the usual time of each shot after it. */
export async function estimateSequence(sequence: Sequence, ctx: Context): Promise<number | null> {
  if (sequence.state !== 'RUNNING') return null;
  const { start, shots } = await readParts(sequence, ctx);
  const { current } = sequence;
  const open = current === START ? start : shots.find(({ number }) => number === current)?.video;
  if (!open || isEnded(open.state)) return null;
  const end = await ctx.forecast.estimateFinish(ctx.owner, open);
  if (end === null) return null;
  const left = shots.filter(({ number }) => number > current);
  const times = await Promise.all(
    left.map(({ quality }) =>
      ctx.forecast.findMedianMs({ kind: 'EXTENSION', quality, duration: null }),
    ),
  );
  return times.reduce(
    (sum, ms) => (sum === null || ms === null ? null : sum + ms),
    end as number | null,
  );
}

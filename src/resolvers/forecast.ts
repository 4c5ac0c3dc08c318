import type { Context } from '../context.ts';
import type { Schedule } from '../submit/forecast.ts';
import type { Video } from '../video.ts';

export type { Schedule };

/** When a scheduled video will be sent; null for any other. */
export function readSchedule(video: Video, ctx: Context): Promise<Schedule | null> | null {
  return video.state === 'SCHEDULED' ? ctx.forecast.findSchedule(ctx.owner, video) : null;
}

/** When an open task will probably end, in epoch milliseconds. */
export function estimateFinish(video: Video, ctx: Context): Promise<number | null> | null {
  return video.finishedAt === null ? ctx.forecast.estimateFinish(ctx.owner, video) : null;
}

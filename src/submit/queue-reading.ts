/** Estimates how many submits are sent before a waiting one, and how long that takes. */

import { type Allowance, findNextPlace } from '../store/allowance.ts';
import { type LaneLoad, readLanes } from '../store/queue.ts';
import type { Database, LaneKind } from '../store/schema.ts';

/** How long a reading may be used. */
const FRESH_MS = 1_000;

/** A reading of the queue. */
export interface QueueReading {
  /** By `performance.now`. */
  readonly readAt: number;
  /** Milliseconds until a place is free. */
  readonly nextPlaceMs: number;
  readonly lanes: readonly LaneLoad[];
}

export async function readQueue(db: Database, allowance: Allowance): Promise<QueueReading> {
  const nextPlaceMs = await findNextPlace(db, allowance);
  return { readAt: performance.now(), nextPlaceMs, lanes: await readLanes(db) };
}

export function isFresh({ readAt }: QueueReading): boolean {
  return performance.now() - readAt < FRESH_MS;
}

/**
 * How many submits are sent before one of this lane.
 *
 * @param ahead how many submits of the same lane are sent before it; null for all of them.
 */
export function countBefore(
  { lanes }: QueueReading,
  owner: string,
  kind: LaneKind,
  ahead: number | null = null,
): number {
  const own = lanes.find((lane) => lane.owner === owner && lane.kind === kind);
  const rounds = ahead ?? own?.waiting ?? 0;
  const turn = own?.turn ?? Number.POSITIVE_INFINITY;
  const others = lanes
    .filter((lane) => lane !== own && lane.restsMs <= 0)
    .map((lane) => Math.min(lane.waiting, rounds + (lane.turn < turn ? 1 : 0)));
  return others.reduce((sum, count) => sum + count, rounds);
}

/** Milliseconds until a submit with this many before it gets a place. */
export function toWaitMs(
  reading: QueueReading,
  { calls, windowMs }: Allowance,
  before: number,
): number {
  const elapsed = performance.now() - reading.readAt;
  return Math.max(0, reading.nextPlaceMs - elapsed) + Math.floor(before / calls) * windowMs;
}

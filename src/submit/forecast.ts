/** Estimates when scheduled submits will be sent and open tasks will end. Shared by all requests. */

import type { Change, Hub } from '../delivery/hub.ts';
import type { Allowance } from '../store/allowance.ts';
import { readTaskDurations, type TaskDuration } from '../store/durations.ts';
import { listScheduled } from '../store/queue.ts';
import type { Database } from '../store/schema.ts';
import { isEnded, type Video } from '../video.ts';
import { countBefore, type QueueReading, readQueue, toWaitMs } from './queue-reading.ts';

/** How long the queue, and the durations of recent tasks, are cached. */
const QUEUE_MS = 1_000;
const TASKS_MS = 30_000;
/** How many recent completions estimates are based on, and how many of them must be of the same kind. */
const RECENT = 500;
const MIN_SAMPLES = 5;

/** Times are epoch milliseconds. */
export interface Schedule {
  /** In the queue of all owners; 1 is sent next. */
  readonly position: number;
  readonly estimatedStartAt: number;
  readonly notBefore: number | null;
  readonly deadline: number;
}

export interface Forecast {
  /** Null unless the video is SCHEDULED. */
  findSchedule(owner: string, video: Video): Promise<Schedule | null>;
  /** Epoch milliseconds; null when there are too few recent tasks of this kind. */
  estimateFinish(owner: string, video: Video): Promise<number | null>;
  /** The median duration of recent tasks of this kind, in milliseconds; null when there are too few. */
  findMedianMs(task: TaskKind): Promise<number | null>;
  /**
   * Publishes a change of the video when its position changes, at most once a second. Returns a function
   * that ends this.
   */
  follow(change: Change): () => void;
  close(): void;
}

export type TaskKind = Pick<Video, 'kind' | 'quality' | 'duration'>;

/** Median and 90th percentile of the durations of recent tasks of one kind, in milliseconds. */
interface Durations {
  readonly median: number;
  readonly p90: number;
}

interface Queue {
  readonly reading: QueueReading;
  /** The ids of an owner's scheduled submits, in order; read when first needed. */
  readonly scheduled: Map<string, Promise<string[]>>;
}

export function createForecast({
  db,
  hub,
  allowance,
}: {
  readonly db: Database;
  readonly hub: Hub;
  readonly allowance: Allowance;
}): Forecast {
  const readCached = createCache(
    QUEUE_MS,
    async (): Promise<Queue> => ({
      reading: await readQueue(db, allowance),
      scheduled: new Map(),
    }),
  );
  const readDurations = createCache(TASKS_MS, async () =>
    toDurations(await readTaskDurations(db, RECENT)),
  );
  const followed = new Map<string, { change: Change; count: number; position: number }>();
  let timer: NodeJS.Timeout | undefined;

  async function findPosition({ reading, scheduled }: Queue, owner: string, id: string) {
    const readOwn = () => {
      const ids = listScheduled(db, owner);
      scheduled.set(owner, ids);
      return ids;
    };
    let ids = await (scheduled.get(owner) ?? readOwn());
    // The submit may have arrived after the list was read.
    if (!ids.includes(id)) ids = await readOwn();
    // If it is still missing, it is being sent.
    return countBefore(reading, owner, 'LATER', Math.max(0, ids.indexOf(id)));
  }

  async function findSchedule(owner: string, video: Video): Promise<Schedule | null> {
    const { id, state, notBefore, queuedUntil } = video;
    if (state !== 'SCHEDULED' || queuedUntil === null) return null;
    const queue = await readCached();
    const before = await findPosition(queue, owner, id);
    const lane = queue.reading.lanes.find((one) => one.owner === owner && one.kind === 'LATER');
    const waitMs = Math.max(toWaitMs(queue.reading, allowance, before), lane?.restsMs ?? 0);
    return {
      position: before + 1,
      estimatedStartAt: Math.max(notBefore ?? 0, Math.round(Date.now() + waitMs)),
      notBefore,
      deadline: queuedUntil,
    };
  }

  /** Notifies the listeners of videos whose positions have changed. All of them share one reading. */
  async function publishMoves(): Promise<void> {
    const queue = await readCached();
    for (const entry of followed.values()) {
      const { id, owner } = entry.change;
      const position = await findPosition(queue, owner, id);
      if (position !== entry.position) hub.publish(entry.change);
      entry.position = position;
    }
  }

  function tick(): void {
    // While the database is unavailable, no position changes.
    void publishMoves()
      .catch(() => undefined)
      .finally(() => {
        timer = followed.size > 0 ? setTimeout(tick, QUEUE_MS).unref() : undefined;
      });
  }

  return {
    findSchedule,
    async estimateFinish(owner, video) {
      if (isEnded(video.state) || video.quality === null || video.startedAt === null) return null;
      const durations = (await readDurations()).get(toKey(video));
      if (!durations) return null;
      const { median, p90 } = durations;
      const schedule = await findSchedule(owner, video);
      if (schedule) return schedule.estimatedStartAt + median;
      const now = Date.now();
      if (now > video.startedAt + p90) return null;
      // Once the median has passed, the 90th percentile is the next estimate.
      return video.startedAt + (video.startedAt + median > now ? median : p90);
    },
    async findMedianMs(task) {
      return (await readDurations()).get(toKey(task))?.median ?? null;
    },
    follow(change) {
      const known = followed.get(change.id);
      if (known) known.count += 1;
      else followed.set(change.id, { change, count: 1, position: -1 });
      timer ??= setTimeout(tick, QUEUE_MS).unref();
      return () => {
        const entry = followed.get(change.id);
        if (!entry) return;
        entry.count -= 1;
        if (entry.count === 0) followed.delete(change.id);
      };
    },
    close() {
      followed.clear();
      clearTimeout(timer);
    },
  };
}

function toKey({ kind, quality, duration }: TaskKind): string {
  return `${kind} ${quality} ${duration}`;
}

function toDurations(tasks: readonly TaskDuration[]): Map<string, Durations> {
  const durations = new Map<string, Durations>();
  for (const [key, some] of Map.groupBy(tasks, toKey)) {
    if (some.length < MIN_SAMPLES) continue;
    const times = some.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(share * times.length) - 1] ?? 0;
    durations.set(key, { median: at(0.5), p90: at(0.9) });
  }
  return durations;
}

/** Caches what `read` returns; concurrent callers share one call, and failures are not cached. */
function createCache<T>(maxAgeMs: number, read: () => Promise<T>): () => Promise<T> {
  let known: { readonly value: Promise<T>; readonly at: number } | undefined;
  return () => {
    if (known && performance.now() - known.at < maxAgeMs) return known.value;
    const value = read();
    const reading = { value, at: performance.now() };
    known = reading;
    value.catch(() => {
      if (known === reading) known = undefined;
    });
    return value;
  };
}

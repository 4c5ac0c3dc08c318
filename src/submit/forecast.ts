/** When scheduled submits are sent and open tasks end, as far as that can be told. Shared by all requests. */

import type { Change, Hub } from '../delivery/hub.ts';
import type { Allowance } from '../store/allowance.ts';
import { readTaskDurations, type TaskDuration } from '../store/durations.ts';
import { listScheduled } from '../store/line.ts';
import type { Database } from '../store/schema.ts';
import { isEnded, type Video } from '../video.ts';
import { countBefore, type Line, readLine, toWaitMs } from './line.ts';

/** How long what was read of the queue, and of recent tasks, is believed. */
const QUEUE_MS = 1_000;
const TASKS_MS = 30_000;
/** Completions that estimates are made from, and how many of a kind are enough. */
const RECENT = 500;
const MIN_SAMPLES = 5;

/** Times are epoch milliseconds. */
export interface Schedule {
  /** Among all that wait; 1 is sent next. */
  readonly position: number;
  readonly estimatedStartAt: number;
  readonly notBefore: number | null;
  readonly deadline: number;
}

export interface Forecast {
  /** Null unless the video is SCHEDULED. */
  findSchedule(owner: string, video: Video): Promise<Schedule | null>;
  /** Epoch milliseconds; null where too little is known. */
  estimateFinish(owner: string, video: Video): Promise<number | null>;
  /** Milliseconds that half of the tasks of a kind take at most; null where too little is known. */
  findUsualMs(task: TaskKind): Promise<number | null>;
  /** Publishes a change of the video, at most once a second, when its position changes. Returns how to stop. */
  follow(change: Change): () => void;
  close(): void;
}

export type TaskKind = Pick<Video, 'kind' | 'quality' | 'duration'>;

/** Milliseconds that half, and nine in ten, of the tasks of a kind take at most. */
interface Usual {
  readonly half: number;
  readonly most: number;
}

interface Queue {
  readonly line: Line;
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
  const readQueue = createCache(
    QUEUE_MS,
    async (): Promise<Queue> => ({
      line: await readLine(db, allowance),
      scheduled: new Map(),
    }),
  );
  const readUsual = createCache(TASKS_MS, async () => toUsual(await readTaskDurations(db, RECENT)));
  const followed = new Map<string, { change: Change; count: number; position: number }>();
  let timer: NodeJS.Timeout | undefined;

  async function findPosition({ line, scheduled }: Queue, owner: string, id: string) {
    const readOwn = () => {
      const ids = listScheduled(db, owner);
      scheduled.set(owner, ids);
      return ids;
    };
    let ids = await (scheduled.get(owner) ?? readOwn());
    // It has arrived since.
    if (!ids.includes(id)) ids = await readOwn();
    // One that is not there even now is being sent.
    return countBefore(line, owner, 'LATER', Math.max(0, ids.indexOf(id)));
  }

  async function findSchedule(owner: string, video: Video): Promise<Schedule | null> {
    const { id, state, notBefore, queuedUntil } = video;
    if (state !== 'SCHEDULED' || queuedUntil === null) return null;
    const queue = await readQueue();
    const before = await findPosition(queue, owner, id);
    const lane = queue.line.lanes.find((one) => one.owner === owner && one.kind === 'LATER');
    const waitMs = Math.max(toWaitMs(queue.line, allowance, before), lane?.restsMs ?? 0);
    return {
      position: before + 1,
      estimatedStartAt: Math.max(notBefore ?? 0, Math.round(Date.now() + waitMs)),
      notBefore,
      deadline: queuedUntil,
    };
  }

  /** Wakes the listeners of videos whose positions have changed. One reading serves all of them. */
  async function publishMoves(): Promise<void> {
    const queue = await readQueue();
    for (const entry of followed.values()) {
      const { id, owner } = entry.change;
      const position = await findPosition(queue, owner, id);
      if (position !== entry.position) hub.publish(entry.change);
      entry.position = position;
    }
  }

  function tick(): void {
    // While the database is away nothing moves.
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
      const usual = (await readUsual()).get(toKey(video));
      if (!usual) return null;
      const schedule = await findSchedule(owner, video);
      if (schedule) return schedule.estimatedStartAt + usual.half;
      const now = Date.now();
      if (now > video.startedAt + usual.most) return null;
      // Past the usual time, the next guess is the time that nine in ten need.
      const half = video.startedAt + usual.half;
      return half > now ? half : video.startedAt + usual.most;
    },
    async findUsualMs(task) {
      return (await readUsual()).get(toKey(task))?.half ?? null;
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

function toUsual(tasks: readonly TaskDuration[]): Map<string, Usual> {
  const usual = new Map<string, Usual>();
  for (const [key, some] of Map.groupBy(tasks, toKey)) {
    if (some.length < MIN_SAMPLES) continue;
    const times = some.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(share * times.length) - 1] ?? 0;
    usual.set(key, { half: at(0.5), most: at(0.9) });
  }
  return usual;
}

/** One reading at a time; a failed one is not kept. */
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

/** What one request may reach. */

import DataLoader from 'dataloader';
import type { Logger } from 'pino';
import type { Cancellation } from './cancellation.ts';
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts';
import type { Cursors } from './delivery/cursor.ts';
import type { Hub } from './delivery/hub.ts';
import type { Reader } from './delivery/reader.ts';
import type { ErrorCode } from './errors.ts';
import type { Database } from './store/schema.ts';
import type { VideoCache, VideoLoader } from './store/video-loader.ts';
import { findLineages } from './store/videos.ts';
import type { Submitter } from './submit/submitter.ts';
import type { TraceDelivery } from './telemetry/delivery-spans.ts';
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
  readonly finished: VideoCache;
  readonly videoLoader: VideoLoader;
  readonly traceDelivery: TraceDelivery;
  readonly log: Logger;
}

export interface Caller {
  /** Whose videos these are: every read and write is scoped to it. */
  readonly owner: string;
  /** Comes when the caller leaves. Reads and waits end with it, payments do not. */
  readonly cancellation: Cancellation;
  /** For the log; an operation on a socket has none. */
  readonly requestId?: string;
  /**
   * Why a field of the operation was refused, where that is a member of its result and no error: the
   * counts (/metrics) cannot read it there.
   */
  refusal?: ErrorCode;
}

export interface Context extends Services {
  readonly owner: string;
  readonly caller: Caller;
  /** One of the caller's videos in the store, by id or task id; null and undefined as in `findVideos`. */
  loadVideo(key: string): Promise<Video | null | undefined>;
  /** A task's own video and what it extends, nearest first, as far as the store knows. */
  loadLineage(query: LineageQuery): Promise<Video[]>;
  /** Runs a statement of a list when few others of this request are under way. */
  withReadLimit<T>(read: () => Promise<T>): Promise<T>;
  /** The same for another caller's end. */
  forCaller(caller: Caller): Context;
}

/** Statements of one request: a document with hundreds of lists must not make all others wait for it. */
const MAX_AT_A_TIME = 4;

/** How many are read at a time: a statement has a limited number of parameters. */
const MAX_LINEAGES = 100;

interface LineageQuery {
  readonly taskId: string;
  readonly depth: number;
}

/** A class, so that the thousands that are open at a time share what is not their own. */
class RequestContext implements Context {
  private readonly services: Services;
  readonly caller: Caller;
  // It batches and does not cache: a subscription's context lives for hours. Most requests need none.
  private readLimit: ConcurrencyLimit | undefined;
  private lineages: DataLoader<LineageQuery, Video[]> | undefined;

  constructor(services: Services, caller: Caller) {
    this.services = services;
    this.caller = caller;
  }

  get owner() {
    return this.caller.owner;
  }
  get db() {
    return this.services.db;
  }
  get cursors() {
    return this.services.cursors;
  }
  get hub() {
    return this.services.hub;
  }
  get reader() {
    return this.services.reader;
  }
  get submitter() {
    return this.services.submitter;
  }
  get refresher() {
    return this.services.refresher;
  }
  get finished() {
    return this.services.finished;
  }
  get videoLoader() {
    return this.services.videoLoader;
  }
  get traceDelivery() {
    return this.services.traceDelivery;
  }
  get log() {
    return this.services.log;
  }

  loadVideo(key: string) {
    return this.videoLoader.load(this.owner, key);
  }

  loadLineage(query: LineageQuery) {
    this.lineages ??= new DataLoader(
      async (queries) => {
        // One deep query must not make the others as deep.
        const byDepth = Map.groupBy(queries, ({ depth }) => depth);
        const found = new Map<LineageQuery, Video[]>();
        for (const [depth, some] of byDepth) {
          const taskIds = [...new Set(some.map(({ taskId }) => taskId))];
          const lineages = await findLineages(this.db, this.owner, taskIds, depth);
          for (const one of some) found.set(one, lineages.get(one.taskId) ?? []);
        }
        return queries.map((one) => found.get(one) ?? []);
      },
      { cache: false, maxBatchSize: MAX_LINEAGES },
    );
    return this.lineages.load(query);
  }

  withReadLimit<T>(read: () => Promise<T>): Promise<T> {
    this.readLimit ??= createConcurrencyLimit(MAX_AT_A_TIME);
    return this.readLimit(read);
  }

  forCaller(caller: Caller): Context {
    return new RequestContext(this.services, caller);
  }
}

export function createContext(services: Services, caller: Caller): Context {
  return new RequestContext(services, caller);
}

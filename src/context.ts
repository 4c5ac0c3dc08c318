/** The context of a request: services and the caller. */

import DataLoader from 'dataloader';
import type { Logger } from 'pino';
import type { Cancellation } from './cancellation.ts';
import { type ConcurrencyLimit, createConcurrencyLimit } from './concurrency-limit.ts';
import type { Config } from './config.ts';
import type { Cursors } from './delivery/cursor.ts';
import type { Hub } from './delivery/hub.ts';
import type { Reader } from './delivery/reader.ts';
import type { ErrorCode } from './error-table.ts';
import type { Files } from './files/keeping.ts';
import type { Sequence, SequenceParts } from './sequence.ts';
import type { Sequences } from './sequences/sequences.ts';
import type { Database } from './store/schema.ts';
import { findParts, findSequences } from './store/sequences.ts';
import type { VideoCache, VideoLoader } from './store/video-loader.ts';
import { findLineages } from './store/videos.ts';
import type { Forecast } from './submit/forecast.ts';
import type { Submitter } from './submit/submitter.ts';
import type { TraceDelivery } from './telemetry/delivery-spans.ts';
import type { Refresher } from './upkeep/refresher.ts';
import type { Video } from './video.ts';

/** Long-lived services, created once in `gateway.ts`. */
export interface Services {
  readonly db: Database;
  readonly cursors: Cursors;
  readonly hub: Hub;
  readonly reader: Reader;
  readonly submitter: Submitter;
  readonly sequences: Sequences;
  readonly forecast: Forecast;
  readonly refresher: Refresher;
  readonly foreignVideos: Config['FOREIGN_VIDEOS'];
  readonly finished: VideoCache;
  readonly files: Files;
  readonly videoLoader: VideoLoader;
  readonly traceDelivery: TraceDelivery;
  readonly log: Logger;
}

export interface Caller {
  /** The owner of the videos: every read and write is limited to it. */
  readonly owner: string;
  /** Cancelled when the caller disconnects. It stops reads and waits, but never a payment. */
  readonly cancellation: Cancellation;
  /** For the log. Operations on a WebSocket have none. */
  readonly requestId?: string;
  /**
   * The code of a refusal that is a member of a result union. Metrics count it, and cannot read it from
   * the result.
   */
  refusal?: ErrorCode;
}

export interface Context extends Services {
  readonly owner: string;
  readonly caller: Caller;
  /** One of the caller's videos in the store, by id or task id; null and undefined as in `findVideos`. */
  loadVideo(key: string): Promise<Video | null | undefined>;
  /** The task's own video and those it extends, nearest first, as far as they are stored. */
  loadLineage(query: LineageQuery): Promise<Video[]>;
  /** One of the caller's sequences; undefined for any other id. */
  loadSequence(id: string): Promise<Sequence | undefined>;
  /** The shots of a sequence of the caller. */
  loadParts(sequence: Sequence): Promise<SequenceParts>;
  /** Runs a list's statement, at most 4 of a request at a time. */
  withReadLimit<T>(read: () => Promise<T>): Promise<T>;
  /** The same services for another caller. */
  forCaller(caller: Caller): Context;
}

/** Concurrent list statements of a request. A document with hundreds of lists must not delay others. */
const MAX_CONCURRENT_READS = 4;

/** Lineages per statement, because a statement has a limited number of parameters. */
const MAX_LINEAGES = 100;

/** Sequences per statement. */
const MAX_SEQUENCES = 100;
const NO_PARTS: SequenceParts = { start: null, shots: [], videos: new Map() };

interface LineageQuery {
  readonly taskId: string;
  readonly depth: number;
}

/** A class with shared getters, because thousands are open at a time. */
class RequestContext implements Context {
  private readonly services: Services;
  readonly caller: Caller;
  // All are created on first use. They never cache, because a subscription's context lives for hours.
  private readLimit: ConcurrencyLimit | undefined;
  private lineages: DataLoader<LineageQuery, Video[]> | undefined;
  private sequenceLoader: DataLoader<string, Sequence | undefined> | undefined;
  private parts: DataLoader<Sequence, SequenceParts> | undefined;

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
  get forecast() {
    return this.services.forecast;
  }
  get submitter() {
    return this.services.submitter;
  }
  get sequences() {
    return this.services.sequences;
  }
  get refresher() {
    return this.services.refresher;
  }
  get foreignVideos() {
    return this.services.foreignVideos;
  }
  get finished() {
    return this.services.finished;
  }
  get files() {
    return this.services.files;
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
        // Group by depth, so that one deep query does not make the others as deep.
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

  loadSequence(id: string) {
    this.sequenceLoader ??= new DataLoader(
      async (ids) => {
        const found = await findSequences(this.db, this.owner, [...new Set(ids)]);
        return ids.map((id) => found.get(id));
      },
      { cache: false, maxBatchSize: MAX_SEQUENCES },
    );
    return this.sequenceLoader.load(id);
  }

  loadParts(sequence: Sequence) {
    this.parts ??= new DataLoader(
      async (sequences) => {
        const found = await findParts(this.db, this.owner, [...new Set(sequences)]);
        return sequences.map(({ id }) => found.get(id) ?? NO_PARTS);
      },
      { cache: false, maxBatchSize: MAX_SEQUENCES },
    );
    return this.parts.load(sequence);
  }

  withReadLimit<T>(read: () => Promise<T>): Promise<T> {
    this.readLimit ??= createConcurrencyLimit(MAX_CONCURRENT_READS);
    return this.readLimit(read);
  }

  forCaller(caller: Caller): Context {
    return new RequestContext(this.services, caller);
  }
}

export function createContext(services: Services, caller: Caller): Context {
  return new RequestContext(services, caller);
}

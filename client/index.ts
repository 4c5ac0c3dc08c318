/** `longtake/client`: the paid part of a frontend or backend. For browsers and Node 20 or newer. */

import { type Completion, readCompletions } from './completions.ts';
import { type ConnectionOptions, createConnection } from './connection.ts';
import { type ClientStorage, createMemory, createTransientStorage } from './memory.ts';
import type { RetryOptions } from './retry.ts';
import type {
  CreateSequenceInput,
  ExtendVideoInput,
  GenerateVideoInput,
  ResumeSequenceInput,
  Sequence,
  Video,
} from './schema.ts';
import { createSubmits, type Pending, type SubmitOptions } from './submits.ts';

export type { Completion } from './completions.ts';
export { LongtakeError, type LongtakeErrorCode } from './error.ts';
export type { ClientStorage } from './memory.ts';
export type { RetryOptions } from './retry.ts';
export type * from './schema.ts';
export type { Pending, PendingSubmit, SubmitOptions } from './submits.ts';

export interface ClientOptions extends ConnectionOptions {
  /** `localStorage`, or anything like it. Without it nothing outlives the page or the process. */
  readonly storage?: ClientStorage | undefined;
  /**
   * Begins the names of all items in the storage; `longtake` by default. Use another one for each user
   * of a browser: what one has submitted must not be sent again in the name of another.
   */
  readonly namespace?: string | undefined;
}

export interface Client {
  /**
   * Extends a video, and resolves with the new one when it has SUCCEEDED. Sends the same request again
   * with the same key after a lost connection, and after `retryAfter` when it was refused for now.
   *
   * @throws LongtakeError when it was refused, or the video has FAILED.
   */
  extendVideo(input: ExtendVideoInput, options?: SubmitOptions): Promise<Video>;
  /** Makes a video from a prompt; otherwise like `extendVideo`. */
  generateVideo(input: GenerateVideoInput, options?: SubmitOptions): Promise<Video>;
  /**
   * Makes a long film, and resolves when it is COMPLETED, or CANCELLED by somebody.
   *
   * @throws LongtakeError when it was refused; `SEQUENCE_PAUSED` when a shot has failed. It stays in
   * `pending()` then, until `resumeSequence` or `cancelSequence` decides what happens next.
   */
  createSequence(input: CreateSequenceInput, options?: SubmitOptions<Sequence>): Promise<Sequence>;
  /** Pays for a new try of the shot that failed, also with other words; otherwise like `createSequence`. */
  resumeSequence(input: ResumeSequenceInput, options?: SubmitOptions<Sequence>): Promise<Sequence>;
  /** Stops a sequence, and resolves with it. A shot that has been sent is still made. */
  cancelSequence(id: string, options?: RetryOptions): Promise<Sequence>;
  /** Submits that an earlier page or process did not follow to their end, oldest first. */
  pending(): Promise<Pending[]>;
  /**
   * Every task that ends, from where this storage stopped; at first from its first video, or else from
   * now on. A completion whose loop body did not finish comes again.
   */
  completions(options?: RetryOptions): AsyncGenerator<Completion, void, void>;
}

export function createClient(options: ClientOptions): Client {
  const { storage = createTransientStorage(), namespace = 'longtake' } = options;
  const connection = createConnection(options);
  const memory = createMemory(storage, namespace);
  const submits = createSubmits(connection, memory);
  return {
    extendVideo: submits.toCall('extendVideo'),
    generateVideo: submits.toCall('generateVideo'),
    createSequence: submits.toCall('createSequence'),
    resumeSequence: submits.toCall('resumeSequence'),
    cancelSequence: submits.cancel,
    pending: submits.list,
    completions: (own = {}) => readCompletions(connection, memory, own),
  };
}

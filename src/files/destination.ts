/** Where copies are stored. */

import type { ProxySettings } from '../upstream/outbound-proxy.ts';
import type { S3Control } from './s3/control.ts';

/** The destination cannot be used now. Says nothing about the file. */
export class DestinationError extends Error {}

/**
 * A store of files. Names consist of segments of `[A-Za-z0-9.-]` with slashes in between.
 * Every function throws DestinationError when the destination fails.
 */
export interface Destination {
  /** Without credentials. */
  readonly name: string;
  /**
   * Stores a file. It is visible under its name only once all of it is stored durably; when this
   * rejects, or its process dies, nothing is left but what `remove` removes.
   *
   * @throws what `source` throws.
   */
  write(name: string, source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void>;
  /** The bytes of a stored file. Each chunk is valid until the next one is asked for. */
  read(name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Whether a file is stored. */
  has(name: string): Promise<boolean>;
  /**
   * Throws when the copies of this database are elsewhere, as with the wrong bucket, or a folder whose disk
   * is not mounted. Absent: this is not checked.
   */
  check?(): Promise<void>;
  /** Removes a file and everything that an interrupted `write` has left. Missing files are ignored. */
  remove(name: string): Promise<void>;
  /**
   * A URL from which browsers can read the file until a time (epoch milliseconds). Null: the gateway
   * serves the file itself.
   */
  readonly toUrl: ((name: string, until: number) => Promise<string>) | null;
  /**
   * For the thread that transfers files. Absent: it needs nothing of the gateway's thread.
   *
   * @param signal ends requests.
   */
  readonly openControl?: (signal: AbortSignal) => S3Control;
  /** The path of a file that the gateway serves itself. */
  readonly toPath?: (name: string) => string;
  close(): void;
}

export interface DestinationSettings extends ProxySettings {
  /** The longest file that is stored. */
  readonly KEEP_MAX_BYTES: number;
}

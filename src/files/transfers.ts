/** Transfers files from the upstream's storage to the destination. */

import { createHash, type Hash } from 'node:crypto';
import type { Config } from '../config.ts';
import type { FilePart } from '../store/schema.ts';
import type { KeptFilm } from '../video.ts';
import { type Destination, DestinationError } from './destination.ts';
import type { Downloader } from './download.ts';
import { checkFilm } from './film-check.ts';
import type { Pace } from './pace.ts';

/** What was stored. */
export type StoredFile = Pick<KeptFilm, 'bytes' | 'sha256'>;

export interface Transfer {
  /** For the name of the copy. */
  readonly extension: string;
  /**
   * Stores the file under a name, and reads it back to verify it. When it settles, nothing is written
   * any more.
   *
   * @throws SourceError, DestinationError; anything once the signal of the transfer has aborted.
   */
  store(name: string): Promise<StoredFile>;
  /** Ends a transfer that is not stored. */
  cancel(): void;
}

export interface Transfers {
  /**
   * Starts a download, and resolves once its headers have come.
   *
   * @param signal ends the transfer.
   * @throws SourceError, DestinationError
   */
  start(url: string, part: FilePart, signal: AbortSignal): Promise<Transfer>;
  close(): Promise<void>;
}

/** What a thread needs to open the downloader and the destination. */
export type TransferSettings = Pick<
  Config,
  | 'KEEP_MAX_BYTES'
  | 'KEEP_ALLOWED_HOSTS'
  | 'UPSTREAM_URL'
  | 'HTTPS_PROXY'
  | 'HTTP_PROXY'
  | 'NO_PROXY'
> & { readonly KEEP_URL: NonNullable<Config['KEEP_URL']> };

export interface TransferParts {
  readonly downloader: Downloader;
  readonly destination: Pick<Destination, 'write' | 'read'>;
  readonly maxBytes: number;
  /** Shared by all transfers. */
  readonly pace: Pace;
}

export function createTransfers(parts: TransferParts): Transfers {
  const { downloader, destination, maxBytes, pace } = parts;

  async function verify(name: string, file: StoredFile, signal: AbortSignal): Promise<void> {
    const hash = createHash('sha256');
    const found = count(await destination.read(name, signal), pace);
    for await (const _chunk of found.through(hash));
    if (found.bytes === file.bytes && hash.digest('hex') === file.sha256) return;
    throw new DestinationError(`the stored ${name} differs from what was sent`);
  }

  return {
    async start(url, part, signal) {
      const download = await downloader.start(url, part, { maxBytes, signal });
      const { extension, bytes, cancel } = download;
      return {
        extension,
        cancel,
        async store(name) {
          const hash = createHash('sha256');
          const counted = count(isFilm(extension) ? checkFilm(bytes) : bytes, pace);
          try {
            await destination.write(name, counted.through(hash), signal);
          } catch (error) {
            cancel();
            throw error;
          }
          const file = { bytes: counted.bytes, sha256: hash.digest('hex') };
          await verify(name, file, signal);
          return file;
        },
      };
    },
    async close() {
      downloader.close();
    },
  };
}

function isFilm(extension: string): boolean {
  return extension === 'mp4' || extension === 'mov';
}

/** Counts and hashes the bytes on their way. */
function count<Chunk extends Uint8Array>(source: AsyncIterable<Chunk>, pace: Pace) {
  return {
    bytes: 0,
    async *through(hash: Hash): AsyncGenerator<Chunk, void, void> {
      for await (const chunk of source) {
        hash.update(chunk);
        this.bytes += chunk.length;
        yield chunk;
        await pace.take(chunk.length);
      }
    },
  };
}

/** One attempt to copy a file. */

import { createHash, type Hash } from 'node:crypto';
import type { Logger } from 'pino';
import { type FileCopyRow, type LeasedCopy, renewCopyLease } from '../store/copies.ts';
import { finishCopy } from '../store/copy-ends.ts';
import type { Database } from '../store/schema.ts';
import { type Destination, DestinationError } from './destination.ts';
import type { Downloader } from './download.ts';
import { checkFilm } from './film-check.ts';
import type { Pace } from './pace.ts';
import { SourceError } from './source-error.ts';

/** The leases of a replica that has died end after this time. */
export const LEASE_MS = 60_000;
const RENEW_EVERY_MS = LEASE_MS / 4;
const TIME_LIMIT_MS = 60 * 60_000;

/** Another replica copies the file now, or the video was deleted. */
export class LeaseLostError extends Error {}

export interface CopyParts {
  readonly db: Database;
  readonly destination: Destination;
  readonly downloader: Downloader;
  readonly log: Logger;
  readonly maxBytes: number;
  /** Shared by all copies of this process. */
  readonly pace: Pace;
}

/**
 * Copies a file: downloads it to the destination, reads it back to verify it, and records it.
 *
 * @returns its length in bytes.
 * @throws SourceError, DestinationError, LeaseLostError; the signal's reason.
 */
export async function copyFile(
  parts: CopyParts,
  copy: LeasedCopy,
  stopping: AbortSignal,
): Promise<number> {
  const { db, destination, downloader } = parts;
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, stopping]);
  const limit = setTimeout(
    () => ending.abort(new SourceError('it took longer than an hour')),
    TIME_LIMIT_MS,
  );
  const renewing = setInterval(() => {
    renewCopyLease(db, copy, LEASE_MS).then(
      (isOurs) => !isOurs && ending.abort(new LeaseLostError()),
      // The database may be unavailable for a moment. The lease is checked again before the copy counts.
      (error: unknown) =>
        parts.log.warn({ video: copy.video_row, err: error }, 'lease not renewed'),
    );
  }, RENEW_EVERY_MS);
  try {
    return await attempt(signal);
  } catch (error) {
    // Streams report an abort with errors of their own.
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(limit);
    clearInterval(renewing);
  }

  async function attempt(signal: AbortSignal): Promise<number> {
    for (const name of toNames(copy)) await destination.remove(name);
    const download = await downloader.start(copy.url, copy.part, {
      maxBytes: parts.maxBytes,
      signal,
    });
    const name = `${copy.video_row}/${copy.part}-${copy.attempts}.${download.extension}`;
    try {
      await holdLease([name]);
      const hash = createHash('sha256');
      const { bytes } = download;
      const film = isFilm(download.extension) ? checkFilm(bytes) : bytes;
      const counted = count(film, parts.pace);
      await destination.write(name, counted.through(hash), signal);
      const sha256 = hash.digest('hex');
      await verify(name, counted.bytes, sha256, signal);
      await holdLease();
      if (await finishCopy(db, copy, { name, bytes: counted.bytes, sha256 })) return counted.bytes;
      throw new LeaseLostError();
    } catch (error) {
      download.cancel();
      // What cannot be removed now is removed before the next attempt.
      await destination.remove(name).catch((fault: unknown) => {
        if (!(fault instanceof DestinationError)) throw fault;
      });
      throw error;
    }
  }

  async function holdLease(names?: readonly string[]): Promise<void> {
    if (!(await renewCopyLease(db, copy, LEASE_MS, names))) throw new LeaseLostError();
  }

  async function verify(
    name: string,
    bytes: number,
    sha256: string,
    signal: AbortSignal,
  ): Promise<void> {
    const hash = createHash('sha256');
    const found = count(await destination.read(name, signal), parts.pace);
    for await (const _chunk of found.through(hash));
    if (found.bytes === bytes && hash.digest('hex') === sha256) return;
    throw new DestinationError(`${name} was not stored as it was sent`);
  }
}

/** The names of the objects that may exist at the destination. */
export function toNames({ names }: Pick<FileCopyRow, 'names'>): readonly string[] {
  return JSON.parse(names) as string[];
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

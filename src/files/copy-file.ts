/** One attempt to copy a file. */

import type { Logger } from 'pino';
import type { Hub, Watch } from '../delivery/hub.ts';
import { type LeasedCopy, renewCopyLease } from '../store/copies.ts';
import { finishCopy } from '../store/copy-ends.ts';
import type { FileCopyRow } from '../store/file-leases.ts';
import type { Database } from '../store/schema.ts';
import type { KeptFilm } from '../video.ts';
import { type Destination, DestinationError } from './destination.ts';
import { SourceError } from './source-error.ts';
import type { Transfers } from './transfers.ts';

/** The leases of a replica that has died end after this time. */
export const LEASE_MS = 60_000;
const RENEW_EVERY_MS = LEASE_MS / 4;
const TIME_LIMIT_MS = 60 * 60_000;

/** Another replica copies the file now, or the video was deleted. */
export class LeaseLostError extends Error {}

export interface CopyParts {
  readonly db: Database;
  readonly hub: Hub;
  readonly destination: Destination;
  readonly transfers: Transfers;
  readonly log: Logger;
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
  const { db, hub, destination, transfers } = parts;
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, stopping]);
  const limit = setTimeout(
    () => ending.abort(new SourceError('it took longer than an hour')),
    TIME_LIMIT_MS,
  );
  const renewing = setInterval(() => void checkLease(), RENEW_EVERY_MS);
  const watch = hub.watchVideo(copy.video_row);
  void checkAfterChanges(watch);
  try {
    const file = await store();
    // Not removed if this throws: the commit may have been carried out although its answer was lost.
    if ((await finishCopy(db, copy, file)) !== null) return file.bytes;
    await discardCopy(file.name);
    throw new LeaseLostError();
  } catch (error) {
    // Streams report an abort with errors of their own.
    signal.throwIfAborted();
    // Whoever took the file over has removed what was stored of it: the destination works.
    if (error instanceof DestinationError) await checkLease();
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(limit);
    clearInterval(renewing);
    watch.cancel();
  }

  async function checkLease(): Promise<void> {
    try {
      if (!(await renewCopyLease(db, copy, LEASE_MS))) ending.abort(new LeaseLostError());
    } catch (error) {
      // The database may be unavailable for a moment. The lease is checked again before the copy counts.
      parts.log.warn({ video: copy.video_row, err: error }, 'lease not renewed');
    }
  }

  /** Ends the copy as soon as its video is deleted. */
  async function checkAfterChanges(changes: Watch): Promise<void> {
    while (await changes.changed()) await checkLease();
  }

  /** Returns a verified copy. When it throws, it leaves nothing that the next attempt does not remove. */
  async function store(): Promise<Omit<KeptFilm, 'keptAt'>> {
    await destination.check?.();
    for (const name of toNames(copy)) await destination.remove(name);
    const transfer = await transfers.start(copy.url, copy.part, signal);
    const name = `${copy.video_row}/${copy.part}-${copy.attempts}.${transfer.extension}`;
    try {
      if (!(await renewCopyLease(db, copy, LEASE_MS, [name]))) throw new LeaseLostError();
      const stored = await transfer.store(name);
      await destination.check?.();
      return { name, ...stored };
    } catch (error) {
      transfer.cancel();
      await discardCopy(name);
      throw error;
    }
  }

  /** What cannot be removed now is removed before the next attempt. */
  async function discardCopy(name: string): Promise<void> {
    await destination.remove(name).catch((error: unknown) => {
      if (!(error instanceof DestinationError)) throw error;
    });
  }
}

/** The names of the objects that may exist at the destination. */
export function toNames({ names }: Pick<FileCopyRow, 'names'>): readonly string[] {
  return JSON.parse(names) as string[];
}

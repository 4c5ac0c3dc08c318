/** Removes the copies of deleted videos, and copies that have expired, from the destination. */

import type { Logger } from 'pino';
import {
  endRemoval,
  type LeasedRemoval,
  leaseRemovals,
  postponeRemoval,
} from '../store/removals.ts';
import type { Database } from '../store/schema.ts';
import { LEASE_MS, toNames } from './copy-file.ts';
import { type Destination, DestinationError } from './destination.ts';

const REMOVED_AT_A_TIME = 20;
const RETRY_AFTER_MS = 60_000;

export interface RemoverParts {
  readonly db: Database;
  readonly destination: Destination;
  readonly log: Logger;
}

/**
 * Removes a batch of the copies that are due. A removal that fails is tried again later.
 *
 * @param videoId removes only the copies of this video.
 * @returns how many were due, and how many of them were removed.
 */
export async function removeCopies(
  parts: RemoverParts,
  videoId?: string,
): Promise<{ readonly due: number; readonly removed: number }> {
  const removals = await leaseRemovals(parts.db, REMOVED_AT_A_TIME, LEASE_MS, videoId);
  let removed = 0;
  for (const removal of removals) if (await remove(parts, removal)) removed += 1;
  return { due: removals.length, removed };
}

async function remove(
  { db, destination, log }: RemoverParts,
  removal: LeasedRemoval,
): Promise<boolean> {
  try {
    for (const name of toNames(removal)) await destination.remove(name);
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    log.error({ video: removal.video_row, err: error }, 'a copy could not be removed; retrying');
    await postponeRemoval(db, removal, RETRY_AFTER_MS);
    return false;
  }
  await endRemoval(db, removal);
  return true;
}

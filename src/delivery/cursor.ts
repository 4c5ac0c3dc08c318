/** Cursors: opaque positions in an owner's log, bound to that owner and database. */

import { hash } from 'node:crypto';
import { CursorExpiredError, InvalidInputError } from '../errors.ts';
import type { LogBounds } from '../store/completions.ts';

const SEAL_BYTES = 9;
const NUMBER_BYTES = 6;

export interface Cursors {
  toCursor(owner: string, number: number): string;
  /**
   * @throws InvalidInputError when the text is not a cursor of this owner and database, or is ahead of
   * the log's head (a database that was restored from a backup has lost its latest numbers).
   * @throws CursorExpiredError when completions after the cursor have been pruned or forgotten.
   */
  toNumber(owner: string, cursor: string, bounds: LogBounds): number;
}

export function createCursors(databaseId: string): Cursors {
  function toSeal(owner: string): Buffer {
    return hash('sha256', `${databaseId}\n${owner}`, 'buffer').subarray(0, SEAL_BYTES);
  }

  return {
    toCursor(owner, number) {
      const bytes = Buffer.alloc(SEAL_BYTES + NUMBER_BYTES);
      toSeal(owner).copy(bytes);
      bytes.writeUIntBE(number, SEAL_BYTES, NUMBER_BYTES);
      return bytes.toString('base64url');
    },

    toNumber(owner, cursor, bounds) {
      const bytes = Buffer.from(cursor, 'base64url');
      const isOurs =
        bytes.length === SEAL_BYTES + NUMBER_BYTES &&
        bytes.toString('base64url') === cursor &&
        bytes.subarray(0, SEAL_BYTES).equals(toSeal(owner));
      if (!isOurs) throw invalid('is not a cursor of yours');

      const number = bytes.readUIntBE(SEAL_BYTES, NUMBER_BYTES);
      if (isExpired(number, bounds)) throw new CursorExpiredError();
      if (number > bounds.head) throw invalid('is ahead of the log');
      return number;
    },
  };
}

/**
 * Whether completions after this number may be missing from the log. 0 is the number before an owner's first
 * completion, wherever the log then begins.
 */
export function isExpired(number: number, { pruned, origin }: LogBounds): boolean {
  return number < pruned || (number > 0 && number < origin);
}

function invalid(fault: string): InvalidInputError {
  return new InvalidInputError([{ path: ['after'], message: fault }]);
}

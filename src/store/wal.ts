/** Makes committed SQLite transactions durable (fdatasync on the write-ahead log). */

import { closeSync, fdatasync, openSync } from 'node:fs';
import { createFileCheck } from './file-check.ts';

/** How often statements that write nothing check that the files still exist. */
const CHECK_EVERY_MS = 1_000;

export interface Wal {
  /** Whether a `sync` is running; only one runs at a time. */
  readonly isSyncing: boolean;
  /**
   * Why nothing more can be stored. Either a `sync` has failed, after which the contents of the disk are
   * unknown and a later success proves nothing; or the files were deleted or replaced.
   */
  readonly failure: Error | null;
  /**
   * Resolves once everything that was committed before the call is on disk.
   *
   * @throws Error of node:fs when the disk fails or has failed before.
   */
  sync(): Promise<void>;
  close(): void;
}

/**
 * SQLite could do this itself (`synchronous = full`), but it would block the event loop for as long as the
 * disk takes. `fdatasync` on a thread gives the same guarantee: everything that is needed to read the data
 * back is on disk (POSIX.1-2024, fdatasync). SQLite still synchronises around checkpoints and the file's
 * header (`synchronous = normal`, sqlite.org/pragma.html).
 *
 * @param path of the database file. Its write-ahead log (sqlite.org/walformat.html) exists and stays the
 * same file while the database is open. SQLite holds no lock on the log, which a second descriptor could
 * release when it is closed.
 */
export function openWal(path: string): Wal {
  const log = `${path}-wal`;
  // FlushFileBuffers on Windows needs write access.
  const handle = openSync(log, 'r+');
  const findFault = createFileCheck([path, log]);
  let isSyncing = false;
  let failure: Error | null = null;
  let checkedAt = performance.now();
  function check(): void {
    checkedAt = performance.now();
    failure ??= findFault();
  }
  return {
    get isSyncing() {
      return isSyncing;
    },
    get failure() {
      if (performance.now() - checkedAt > CHECK_EVERY_MS) check();
      return failure;
    },
    sync() {
      isSyncing = true;
      return new Promise((resolve, reject) => {
        fdatasync(handle, (error) => {
          isSyncing = false;
          // The kernel may mark pages as written although the write failed, so a later success proves nothing.
          failure ??= error;
          check();
          if (failure) reject(failure);
          else resolve();
        });
      });
    },
    close: () => closeSync(handle),
  };
}

/** For a database in memory. */
export const NO_WAL: Wal = {
  isSyncing: false,
  failure: null,
  sync: async () => {},
  close() {},
};

/** Puts on disk what the embedded engine has committed. */

import { closeSync, fdatasync, openSync } from 'node:fs';

export interface Wal {
  /** Whether a `sync` is under way: only one is at a time. */
  readonly isSyncing: boolean;
  /** How one has failed: what is on disk is unknown from then on, and a later one cannot tell. */
  readonly failure: Error | null;
  /**
   * Resolves once everything that was committed before the call is on disk.
   *
   * @throws Error of node:fs where the disk has failed, now or before.
   */
  sync(): Promise<void>;
  close(): void;
}

/**
 * SQLite could do this by itself (`synchronous = full`), but on the event loop, which would stand
 * still for as long as the disk takes. `fdatasync` on a thread is the same promise: all that is needed
 * to read the data back is on disk (POSIX.1-2024, fdatasync). What remains SQLite's own are the syncs
 * around a checkpoint and of the file's header (`synchronous = normal`, sqlite.org/pragma.html).
 *
 * @param path of the write-ahead log (sqlite.org/walformat.html), which exists and stays the same
 * file as long as the database is open. SQLite keeps no locks on it which opening it here could break.
 */
export function openWal(path: string): Wal {
  // FlushFileBuffers of Windows wants the right to write.
  const handle = openSync(path, 'r+');
  let isSyncing = false;
  let failure: Error | null = null;
  return {
    get isSyncing() {
      return isSyncing;
    },
    get failure() {
      return failure;
    },
    sync() {
      isSyncing = true;
      return new Promise((resolve, reject) => {
        fdatasync(handle, (error) => {
          isSyncing = false;
          // The kernel may take pages that it could not write for written: a later success is none.
          failure ??= error;
          if (failure) reject(failure);
          else resolve();
        });
      });
    },
    close: () => closeSync(handle),
  };
}

/** Of a database in memory. */
export const NO_WAL: Wal = {
  isSyncing: false,
  failure: null,
  sync: async () => {},
  close() {},
};

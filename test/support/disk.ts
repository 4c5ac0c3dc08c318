/** The disk in the test's hands, at Node's own boundary. */

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createQueue } from './queue.ts';

export interface HeldSync {
  /** Lets it go to the disk; resolves when it is there. */
  finish(): Promise<void>;
  /** As if the disk could not write. */
  fail(): void;
}

/** Its end lets go of what still waits. */
export interface HeldDisk extends Disposable {
  /** The next `fdatasync` of this process, which waits for its word. */
  nextSync(): Promise<HeldSync>;
}

export function holdDisk(): HeldDisk {
  const { fdatasync } = fs;
  const held = createQueue<HeldSync>();
  const waiting = new Set<HeldSync>();
  fs.fdatasync = ((handle: number, done: fs.NoParamCallback) => {
    const sync: HeldSync = {
      finish() {
        waiting.delete(sync);
        return new Promise((resolve) => {
          fdatasync(handle, (error) => {
            done(error);
            resolve();
          });
        });
      },
      fail() {
        waiting.delete(sync);
        done(Object.assign(new Error('i/o error, fdatasync'), { code: 'EIO' }));
      },
    };
    waiting.add(sync);
    held.push(sync);
  }) as typeof fdatasync;
  syncBuiltinESMExports();
  return {
    async nextSync() {
      const sync = await held.next();
      if (!sync) throw new Error('no sync will come');
      return sync;
    },
    [Symbol.dispose]() {
      fs.fdatasync = fdatasync;
      syncBuiltinESMExports();
      for (const sync of waiting) void sync.finish();
    },
  };
}

/** Whether a promise is settled after all that is ripe by now has been done. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

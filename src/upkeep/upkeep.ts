/** Background jobs. */

import type { Config } from '../config.ts';
import { startClockWatch } from './clock-watch.ts';
import { startCreditsReader } from './credits.ts';
import { startPruner } from './pruner.ts';
import { type ReconcilerParts, startReconciler } from './reconciler.ts';

export interface Upkeep {
  /** Checks due rows now instead of at the next tick. */
  wakeReconciler(): void;
  /** Resolves when all jobs have stopped. */
  stop(): Promise<void>;
}

export function startUpkeep(parts: ReconcilerParts & { readonly config: Config }): Upkeep {
  const { db, upstream, config, log } = parts;
  // First, because the others rely on the times that it corrects.
  const clockWatch = startClockWatch(db, config, log);
  const reconciler = startReconciler(parts);
  const pruner = startPruner(db, config, log, parts.hub);
  const credits = config.UPSTREAM_CREDITS ? startCreditsReader(db, upstream, log) : null;
  return {
    wakeReconciler: reconciler.wake,
    async stop() {
      await Promise.all([clockWatch.stop(), reconciler.stop(), pruner.stop(), credits?.stop()]);
    },
  };
}

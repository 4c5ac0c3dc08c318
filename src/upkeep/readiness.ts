/** Readiness: whether the database answers and can be written. */

import type { Logger } from 'pino';
import { isReachable, writeProbe } from '../store/database.ts';
import type { Database } from '../store/schema.ts';
import { within } from '../within.ts';

/** The probe answers in time even if the disk or the network hangs. */
const PATIENCE_MS = 1_500;
/** Each write probe costs a commit and the endpoint is public, so the result is cached. */
const FRESH_MS = 1_000;

/** Never rejects, and resolves within 2 s. */
export type IsDatabaseReady = () => Promise<boolean>;

export function createReadiness(db: Database, log: Logger): IsDatabaseReady {
  let known = { isWritable: true, at: -FRESH_MS };
  let underWay: Promise<boolean> | undefined;

  async function probe(): Promise<boolean> {
    let failure: unknown = null;
    try {
      await writeProbe(db);
    } catch (error) {
      failure = error;
    }
    const isWritable = failure === null;
    if (known.isWritable && !isWritable) {
      log.error({ err: failure }, 'the database cannot be written');
    } else if (isWritable && !known.isWritable) {
      log.info('the database can be written again');
    }
    known = { isWritable, at: performance.now() };
    underWay = undefined;
    return isWritable;
  }

  async function isWritable(): Promise<boolean> {
    if (performance.now() - known.at < FRESH_MS) return known.isWritable;
    underWay ??= probe();
    return underWay;
  }

  return () => within(PATIENCE_MS, areBoth(isReachable(db), isWritable()), false);
}

async function areBoth(one: Promise<boolean>, other: Promise<boolean>): Promise<boolean> {
  return (await one) && (await other);
}

/** Reports how many submits are scheduled, and how long the oldest has waited. */

import { type Finding, ok, warning } from './finding.ts';

/** The migration that made the column. */
const MIGRATION = '0012-queue';
/** The same as in docs/operations/alerts.yaml. */
const LONG_SECONDS = 900;
/** Above this number the length is a lower bound. */
const LIMIT = 10_000;

/**
 * @param landed the names of the migrations that the database has.
 * @param ask runs a statement that returns rows.
 */
export async function examineQueue(
  landed: readonly string[],
  ask: (statement: string) => Promise<readonly unknown[]>,
): Promise<Finding[]> {
  if (!landed.includes(MIGRATION)) return [];
  const [row] = (await ask(
    // `owner` is for the index, whose first column it is.
    `select count(*) as length,
        min(case when coalesce(not_before, 0) > created_at then not_before else created_at end) as since
      from (select not_before, created_at from video
        where owner >= '' and waiting = 'LATER' limit ${LIMIT}) as scheduled`,
  )) as { length: unknown; since: unknown }[];
  const length = Number(row?.length ?? 0);
  const since = Number(row?.since ?? Date.now());
  return toQueueFindings(length, (Date.now() - since) / 1_000);
}

/** @param oldestSeconds since the oldest could have been sent; negative: its time has not come. */
export function toQueueFindings(length: number, oldestSeconds: number): Finding[] {
  if (length === 0) return [];
  const seconds = Math.max(0, Math.round(oldestSeconds));
  const submits =
    length === 1 ? '1 submit is' : `${length}${length < LIMIT ? '' : ' or more'} submits are`;
  const message = `${submits} scheduled; the oldest has waited for ${seconds} s`;
  return seconds <= LONG_SECONDS
    ? [ok('queue', message)]
    : [
        warning(
          'queue',
          message,
          'See LongtakeQueueStuck in docs/operations/runbook.md. Each request fails, unpaid, after QUEUE_DEADLINE_MS.',
        ),
      ];
}

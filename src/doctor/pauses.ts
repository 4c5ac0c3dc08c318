/** Checks whether upstream calls are paused now, and what /metrics of a running gateway reports. */

import type { Config } from '../config.ts';
import { readText } from '../read-answer.ts';
import { isShared } from '../store/database.ts';
import { ownUrl } from './callbacks.ts';
import { type Finding, warning } from './finding.ts';
import { toQueueFindings } from './queue.ts';

/** The migration that made the table. */
const MIGRATION = '0008-pauses';
const PATIENCE_MS = 5_000;
/** Maximum bytes to read of a scrape, which has about ten thousand per operation. */
const SCRAPE_LIMIT = 4 * 1024 * 1024;

const NAMES: Readonly<Record<string, string>> = { submit: 'submits', read: 'reads' };

/**
 * Pauses that the database stores.
 *
 * @param landed the names of the migrations that the database has.
 * @param ask runs a statement that returns rows.
 */
export async function examinePauses(
  landed: readonly string[],
  ask: (statement: string) => Promise<readonly unknown[]>,
): Promise<Finding[]> {
  if (!landed.includes(MIGRATION)) return [];
  const rows = (await ask('select name, until from pause')) as { name: string; until: unknown }[];
  return rows.flatMap(({ name, until }) =>
    toFinding(NAMES[name] ?? name, (Number(until) - Date.now()) / 1_000),
  );
}

/**
 * What /metrics of the running gateway reports: whether its breaker is open, and on SQLite, whose file no
 * other process can read, whether calls are paused and how long the queue is. Empty if no gateway runs or
 * /metrics is refused.
 */
export async function examineRunning(config: Config): Promise<Finding[]> {
  const text = await scrape(config);
  if (text === null) return [];
  const find = (series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1] ?? 0,
    );
  const stored = isShared(config.DATABASE_URL)
    ? []
    : [
        ...Object.values(NAMES).flatMap((calls) =>
          toFinding(calls, find(`longtake_pause_seconds{calls="${calls}"}`)),
        ),
        ...toQueueFindings(find('longtake_queue_length'), find('longtake_queue_oldest_seconds')),
      ];
  const breaker = Math.ceil(find('longtake_breaker_open_seconds'));
  if (breaker <= 0) return stored;
  const open = warning(
    'upstream',
    `submits are refused for another ${breaker} s: several calls in a row have failed`,
    'See the warnings in the log of the gateway for the reason.',
  );
  return [...stored, open];
}

function toFinding(calls: string, seconds: number): Finding[] {
  if (!(seconds > 0)) return [];
  const message = `${calls} are paused for another ${Math.ceil(seconds)} s: the upstream has answered 429`;
  const fix =
    'Wait. If this happens often, lower UPSTREAM_REQUESTS, or ask the upstream for a higher limit.';
  return [warning('upstream', message, fix)];
}

async function scrape(config: Config): Promise<string | null> {
  try {
    const response = await fetch(`${ownUrl(config)}/metrics`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: config.METRICS_TOKEN ? { authorization: `Bearer ${config.METRICS_TOKEN}` } : {},
    });
    const text = await readText(response, SCRAPE_LIMIT);
    return response.status === 200 ? text : null;
  } catch {
    // No gateway answers there: the check of callbacks reports that.
    return null;
  }
}

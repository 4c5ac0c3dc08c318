/** What bench/results.json and bench/RESULTS.md keep. */

import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import peers from '../peers/package.json' with { type: 'json' };
import { LOAD_TOOL } from './load.ts';
import type { Pace } from './pace.ts';
import { type Measure, round, toRow, toTable } from './report.ts';
import { toRecord, toTargets, toTargetTable } from './targets.ts';

export interface ScenarioResult {
  /** When it ended, in UTC. */
  readonly at: string;
  readonly seconds: number;
  readonly failures: readonly string[];
  readonly measures: readonly Measure[];
}

export type Results = Readonly<Record<string, ScenarioResult>>;

const JSON_FILE = 'bench/results.json';

/** @returns no results where the file is of an older format. */
export async function readResults(): Promise<Results> {
  const { scenarios = {} } = JSON.parse(await readFile(JSON_FILE, 'utf8'));
  return scenarios;
}

/** @param names of all scenarios. */
export async function writeResults(
  results: Results,
  names: readonly string[],
  pace: Pace,
): Promise<void> {
  const targets = toTargets(listMeasures(results), pace);
  const document = [
    '# Results',
    '',
    `By \`npm run bench -- --write\` on ${cpus().length} × ${cpus()[0]?.model} with Node ${process.version}. ${LOAD_TOOL} generates the load. The server that is measured has one core; the load and the stand-in for the upstream share the other. PostgreSQL has its default settings and may use both. Rounds alternate between the servers. Compare ratios rather than numbers, because machines differ.`,
    '',
    toRunTable(results, names),
    '## Servers',
    '',
    PEERS,
    '',
    `Versions: ${Object.entries(peers.dependencies)
      .map((entry) => entry.join(' '))
      .join(', ')}.`,
    '',
    '## Targets',
    '',
    'The floor is the result of the peer that does least: `constant` for queries, starts and memory, and `floor` or `floor-postgres` for submits and deliveries. It shows what Node and the disk need on this machine. If the floor itself misses a target, the target cannot be met on it. *Added* is the time of a request minus the time of the same call made directly to the stand-in for the upstream.',
    '',
    toTargetTable(targets),
    '## Measures',
    '',
    ...listMeasures(results).map(toTable),
  ].join('\n');
  await writeFile('bench/RESULTS.md', document);
  const record = { pace, scenarios: results, targets: targets.map(toRecord) };
  await writeFile(JSON_FILE, `${JSON.stringify(record, null, 2)}\n`);
}

export function listMeasures(results: Results): Measure[] {
  return Object.values(results).flatMap(({ measures }) => measures);
}

const PEERS = `| name | what it is |
|---|---|
| constant | \`node:http\` that sends constant bytes |
| floor | constant bytes, and a page written to disk wherever the gateway commits |
| floor-postgres | constant bytes, and a commit to PostgreSQL through \`pg\` wherever the gateway commits |
| textbook | GraphQL Yoga with Pothos, as in their documentation |
| apollo | Apollo Server, as in its documentation |
| sqlite, postgres | the gateway as \`npm run build\` makes it, on SQLite or PostgreSQL, with authentication, limits, log and metrics switched on |
| sources | the gateway as \`npm start\` runs it, on SQLite |

The first five are the peers. None of them authenticates, and \`textbook\` and \`apollo\` store nothing.`;

function toRunTable(results: Results, names: readonly string[]): string {
  const head = ['scenario', 'ended (UTC)', 'seconds', 'outcome'];
  const rows = names.map((name) => {
    const result = results[name];
    if (!result) return [name, '–', '–', '**not run**'];
    const { at, seconds, failures } = result;
    const outcome = failures.length > 0 ? `**failed**: ${failures.join('; ')}` : 'complete';
    return [name, at.slice(0, 16).replace('T', ' '), round(seconds), toCell(outcome)];
  });
  return [toRow(head), toRow(head.map(() => '---')), ...rows.map(toRow), ''].join('\n');
}

function toCell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
}

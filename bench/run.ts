/**
 * `npm run bench`: the gateway beside its peers, in one run, interleaved. `--quick` is short and
 * proves that it works; `--only queries,submits` picks scenarios; `--write` keeps the tables in
 * bench/RESULTS.md and the numbers in bench/results.json. Machines differ and are noisy: ratios count.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { LOAD_TOOL } from './lib/load.ts';
import type { Pace } from './lib/pace.ts';
import {
  type Measure,
  median,
  type Target,
  toRatio,
  toTable,
  toTargetTable,
} from './lib/report.ts';
import { startSetting } from './lib/subjects.ts';
import peers from './peers/package.json' with { type: 'json' };
import { measureDelivery } from './scenarios/delivery.ts';
import { measureFootprint } from './scenarios/footprint.ts';
import { measureGrowth } from './scenarios/growth.ts';
import { measureQueries } from './scenarios/queries.ts';
import { measureSubmits } from './scenarios/submits.ts';

const QUICK: Pace = { warmUpSeconds: 1, seconds: 1, rounds: 1, deliveryRounds: 1, crowd: 500 };
const WHOLE: Pace = { warmUpSeconds: 6, seconds: 1, rounds: 9, deliveryRounds: 3, crowd: 5_000 };
const SCENARIOS = {
  queries: measureQueries,
  submits: measureSubmits,
  delivery: measureDelivery,
  footprint: measureFootprint,
  growth: measureGrowth,
};

const pace = process.argv.includes('--quick') ? QUICK : WHOLE;
const onlyAt = process.argv.indexOf('--only');
const only = onlyAt === -1 ? Object.keys(SCENARIOS) : (process.argv[onlyAt + 1] ?? '').split(',');

if (!existsSync('bench/peers/node_modules')) {
  execFileSync('npm', ['ci', '--prefix', 'bench/peers', '--loglevel=error'], { stdio: 'inherit' });
}

const measures: Measure[] = [];
{
  await using setting = await startSetting();
  for (const [name, measure] of Object.entries(SCENARIOS)) {
    if (!only.includes(name)) continue;
    console.log(`## ${name}\n`);
    const found = await measure(setting, pace);
    measures.push(...found);
    for (const one of found) console.log(toTable(one));
  }
}
const targets = toTargets(measures);
console.log(`## Targets\n\n${toTargetTable(targets)}`);
if (process.argv.includes('--write')) {
  await writeFile('bench/RESULTS.md', toDocument());
  await writeFile(
    'bench/results.json',
    `${JSON.stringify({ pace, measures, targets }, null, 2)}\n`,
  );
}

function toTargets(found: readonly Measure[]): Target[] {
  const find = (title: string) => found.find((measure) => measure.title.startsWith(title));
  const of = (title: string, subject: keyof Measure['values']) =>
    median(find(title)?.values[subject]);
  const rate = 'A finished video, 50';
  const most = (what: string, target: string, value: number, limit: number): Target => ({
    what,
    target,
    found: value,
    isMet: value <= limit,
  });
  const atLeast = (what: string, value: number, limit: number): Target => ({
    what,
    target: `≥ ${limit}`,
    found: value,
    isMet: value >= limit,
  });
  const ratio = (title: string, base: 'textbook' | 'constant' = 'textbook') => {
    const measure = find(title);
    return measure ? toRatio(measure, 'sqlite', base) : Number.NaN;
  };
  return [
    atLeast('finished video, × textbook', ratio(rate), 6),
    atLeast('finished video, × constant', ratio(rate, 'constant'), 0.3),
    most('its p99, × textbook', '≤ 0.3', ratio('A finished video, p99'), 0.3),
    most(
      'extendVideo, added p50, × textbook',
      '≤ 1.2',
      ratio('extendVideo, 1 connection: added p50'),
      1.2,
    ),
    most(
      'callback → subscriber p50, × textbook',
      '≤ 1',
      ratio('Callback → subscriber, 200 tasks, one by one: p50'),
      1,
    ),
    most(
      'callback → subscriber p99, × textbook',
      '≤ 1',
      ratio('Callback → subscriber, 200 tasks, one by one: p99'),
      1,
    ),
    most(
      'crowd on one task, last delivery, × textbook',
      '≤ 0.35',
      ratio(`${pace.crowd} subscribers on one task`),
      0.35,
    ),
    most('one callback among the crowd, ms', '≤ 2', of('One callback among', 'sqlite'), 2),
    most('heap per idle WebSocket subscriber, KiB', '≤ 10', of('Heap per idle', 'sqlite'), 10),
    most('start to first answer, ms', '≤ 600', of('From the start', 'sqlite'), 600),
    most('RSS idle, MiB', '≤ 120', of('RSS idle', 'sqlite'), 120),
    most(
      'query among 100,000 tasks over 10 (time)',
      '≤ 1.1',
      of('An open video among 10 ', 'sqlite') / of('An open video among 100,000', 'sqlite'),
      1.1,
    ),
  ].filter((target) => Number.isFinite(target.found));
}

function toDocument(): string {
  const versions = Object.entries(peers.dependencies).map(
    ([name, version]) => `${name} ${version}`,
  );
  return [
    '# Results',
    '',
    `One run of \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, load by ${LOAD_TOOL}. The subject has one core, load and upstream share the other. Everything is switched on in the gateway: auth, limits, log, metrics.`,
    '',
    `Peers: ${versions.join(', ')}. None of them stores anything or asks who is there.`,
    '',
    '## Targets',
    '',
    toTargetTable(targets),
    '## Measures',
    '',
    ...measures.map(toTable),
  ].join('\n');
}

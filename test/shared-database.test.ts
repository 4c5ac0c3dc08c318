import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { OnExtendedDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { type Postgres, sharedPostgres } from './support/postgres.ts';
import { runProgram } from './support/program.ts';

let postgres: Postgres;
beforeAll(() => {
  postgres = sharedPostgres();
});

const UPSTREAM = { url: 'http://127.0.0.1:9' };
const PREFIX = 'DATABASE_URL: the database could not be brought up to date: ';
const OWN_SCHEMA =
  'Give the gateway a schema of its own: create schema longtake, and add options=-c%20search_path%3Dlongtake to the parameters of DATABASE_URL.';

/** The tables of Kysely's migrations, as another program or an earlier version makes them. */
const OTHERS = [
  'create table %.kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null)',
  `insert into %.kysely_migration values ('2024-01-01-shops', '2024-01-01T00:00:00.000Z')`,
  'create table %.kysely_migration_lock (id varchar(255) primary key, is_locked integer not null)',
  `insert into %.kysely_migration_lock values ('migration_lock', 0)`,
];
const othersIn = (schema: string) => OTHERS.map((statement) => statement.replace('%', schema));

/** The database, seen through this search path. */
function through(url: string, path: string): string {
  const own = new URL(url);
  own.searchParams.set('options', `-c search_path=${path}`);
  return own.href;
}

async function query(url: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

async function readTableNames(url: string): Promise<string[]> {
  const rows = await query(
    url,
    `select schemaname || '.' || tablename as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  return rows.map(({ name }) => String(name));
}

async function consult(DATABASE_URL: string): Promise<Finding | undefined> {
  const env = { APIKLEY_API_KEY: 'key', UPSTREAM_URL: UPSTREAM.url, PORT: '9', DATABASE_URL };
  const { stdout } = await runProgram('doctor/main.ts', env, { args: ['--json'] });
  return (JSON.parse(stdout) as Finding[]).find(({ subject }) => subject === 'database');
}

async function readPrompts(gateway: TestGateway): Promise<string[]> {
  const { data } = await gateway.graphql(ReadVideosDocument, {});
  return data.videos.edges.map(({ node }) => node.prompt ?? '');
}

describe('a database of an earlier version', () => {
  it('on PostgreSQL is migrated with all of its data', async () => {
    const DATABASE_URL = await postgres.createEmptyDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { DATABASE_URL });
    const { cursor, taskId } = await extend(gateway, { prompt: 'from before' });
    await gateway.stop();
    await query(
      DATABASE_URL,
      'alter table longtake_migration rename to kysely_migration',
      ...OTHERS.slice(2).map((statement) => statement.replace('%', 'public')),
    );
    expect((await consult(DATABASE_URL))?.message).toMatch(/is usable and up to date$/);

    await gateway.restart();

    expect(await readPrompts(gateway)).toEqual(['from before']);
    const event = (await gateway.sse(OnExtendedDocument, { after: cursor })).next();
    await sandbox.complete(taskId);
    expect((await event)?.errors).toBeUndefined();
    const names = await readTableNames(DATABASE_URL);
    expect(names.filter((name) => /migration/.test(name))).toEqual(['public.longtake_migration']);
  });

  it('on SQLite is migrated with all of its data', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await extend(gateway, { prompt: 'from before' });
    await gateway.stop();
    const path = join(gateway.folder, 'gateway.db');
    const file = new DatabaseSync(path);
    file.exec('alter table longtake_migration rename to kysely_migration');
    file.exec(OTHERS[2]?.replace('%', 'main') ?? '');
    file.close();
    expect((await consult(`sqlite:${path}`))?.message).toMatch(/is usable and up to date$/);

    await gateway.restart();

    expect(await readPrompts(gateway)).toEqual(['from before']);
  });
});

describe('the migrations of another program', () => {
  it.each(['public', 'shop'])('in the schema %s are not touched', async (schema) => {
    const DATABASE_URL = await postgres.createEmptyDatabase();
    if (schema !== 'public') await query(DATABASE_URL, `create schema ${schema}`);
    await query(DATABASE_URL, ...othersIn(schema));
    expect((await consult(DATABASE_URL))?.message).toMatch(
      /is empty: the first start creates its tables/,
    );
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { DATABASE_URL });
    await extend(gateway, { prompt: 'beside others' });

    await gateway.restart();

    expect(await readPrompts(gateway)).toEqual(['beside others']);
    expect((await consult(DATABASE_URL))?.message).toMatch(/is usable and up to date$/);
    const rows = await query(DATABASE_URL, `select name from ${schema}.kysely_migration`);
    expect(rows).toEqual([{ name: '2024-01-01-shops' }]);
  });
});

describe('two gateways on one database with different search_paths', () => {
  it('have separate videos, listeners and migrations', async () => {
    const url = await postgres.createEmptyDatabase();
    await query(url, 'create schema red', 'create schema blue');
    await using sandbox = await startSandbox({ autoplay: false });
    await using red = await startGateway(sandbox, { DATABASE_URL: through(url, 'red') });
    await using blue = await startGateway(sandbox, { DATABASE_URL: through(url, 'blue,red') });
    const { taskId } = await extend(red, { prompt: 'red' });
    await extend(blue, { prompt: 'blue' });

    expect(await readPrompts(red)).toEqual(['red']);
    expect(await readPrompts(blue)).toEqual(['blue']);

    const [event] = await Promise.all([
      (await red.socket()).subscribe(OnExtendedDocument, { taskId }).rest(),
      sandbox.complete(taskId),
    ]);
    expect(event[0]?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
    const names = await readTableNames(url);
    expect(names.filter((name) => name.endsWith('.longtake_migration'))).toEqual([
      'blue.longtake_migration',
      'red.longtake_migration',
    ]);
  });
});

describe("another program's table called owner", () => {
  const OWNERS = [
    'create table %.owner (name text primary key)',
    `insert into %.owner values ('the cat')`,
  ];

  it('is not touched in another schema', async () => {
    const url = await postgres.createEmptyDatabase();
    await query(
      url,
      'create schema longtake',
      ...OWNERS.map((text) => text.replace('%', 'public')),
    );
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      DATABASE_URL: through(url, 'longtake,public'),
    });
    await extend(gateway, { prompt: 'beside owners' });

    await gateway.restart();

    expect(await readPrompts(gateway)).toEqual(['beside owners']);
    expect(await query(url, 'select name from public.owner')).toEqual([{ name: 'the cat' }]);
  });

  it('in the same schema stops the start, and nothing is changed', async () => {
    const DATABASE_URL = await postgres.createEmptyDatabase();
    await query(
      DATABASE_URL,
      ...OWNERS.map((text) => text.replace('%', 'public')),
      `create function now_ms() returns bigint language sql as 'select 7::bigint'`,
    );

    const starting = startGateway(UPSTREAM, { DATABASE_URL });

    const problem =
      'the schema public belongs to another program, which uses these names in it: now_ms, owner';
    await expect(starting).rejects.toThrow(`${PREFIX}${problem}. ${OWN_SCHEMA}`);
    expect(await readTableNames(DATABASE_URL)).toEqual(['public.owner']);
    expect(await query(DATABASE_URL, 'select now_ms()::int as ms')).toEqual([{ ms: 7 }]);
    const finding = await consult(DATABASE_URL);
    expect(finding).toMatchObject({ level: 'fault', fix: OWN_SCHEMA });
    expect(finding?.message).toContain(problem);
  });

  it('in the same file stops the start', async () => {
    await using gateway = await startGateway(UPSTREAM);
    await gateway.stop();
    const path = join(gateway.folder, 'other.db');
    const file = new DatabaseSync(path);
    file.exec('create table owner (name text primary key)');
    file.close();

    const starting = startGateway(UPSTREAM, { DATABASE_URL: `sqlite:${path}` });

    await expect(starting).rejects.toThrow(
      `${PREFIX}the file belongs to another program, which uses these names in it: owner. Name another file.`,
    );
    expect(await consult(`sqlite:${path}`)).toMatchObject({
      level: 'fault',
      fix: 'Name another file.',
    });
  });
});

describe('the message about incompatible migrations', () => {
  it.each([
    [
      "('9999-of-tomorrow', '2026-01-01')",
      'a newer version of the gateway has migrated it. Run that one, or restore a backup from before the upgrade.',
    ],
    [
      "('0000-another', '2026-01-01')",
      'longtake_migration of the schema public has 0000-another in the place of 0000-clock: no version of the gateway creates this order. Restore a backup.',
    ],
  ])('%s', async (row, sentence) => {
    const DATABASE_URL = await postgres.createEmptyDatabase();
    await using gateway = await startGateway(UPSTREAM, { DATABASE_URL });
    await gateway.stop();
    await query(DATABASE_URL, `insert into longtake_migration values ${row}`);

    await expect(gateway.restart()).rejects.toThrow(PREFIX + sentence);

    await query(
      DATABASE_URL,
      `delete from longtake_migration where name = ${row.slice(1).split(',')[0]}`,
    );
    await gateway.restart();
  });

  it('names a search_path without an existing schema', async () => {
    const DATABASE_URL = through(await postgres.createEmptyDatabase(), 'nowhere');
    const sentence =
      'no schema of the search_path (nowhere) exists, or none that this user may use';

    await expect(startGateway(UPSTREAM, { DATABASE_URL })).rejects.toThrow(PREFIX + sentence);
    expect((await consult(DATABASE_URL))?.message).toContain(sentence);
  });
});

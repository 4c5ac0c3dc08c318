import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../src/store/database.ts';
import { makeFolder } from './support/folder.ts';
import { MAIN } from './support/main.ts';
import { sharedPostgres } from './support/postgres.ts';

const SHORT = { size: 2, statementTimeoutMs: 50 };
const PREFIX = 'DATABASE_URL: the database could not be brought up to date: ';

async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client(url);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** As another replica does, until the end of the transaction. */
async function takeMigrationLock(client: pg.Client): Promise<void> {
  await client.query('begin');
  await client.query('select pg_advisory_xact_lock(3853314791062309107)');
}

/** Whatever makes or changes a table does this, too. */
async function atEachTable(url: string, statement: string): Promise<void> {
  await using client = await connect(url);
  await client.query(`create function meddle() returns event_trigger language plpgsql as $$
    begin ${statement}; end $$`);
  await client.query('create event trigger meddle on ddl_command_start execute function meddle()');
}

describe('the migration of PostgreSQL', () => {
  it('takes as long as it needs, whatever DATABASE_TIMEOUT_MS is', async () => {
    const url = await sharedPostgres().createEmptyDatabase();
    await atEachTable(url, 'perform pg_sleep(0.1)');
    await using client = await connect(url);
    await client.query(`alter database ${client.database} set statement_timeout = 50`);

    const { close } = await openDatabase(url, SHORT);

    await close();
  });

  it('makes other replicas wait, and they log it', async () => {
    const url = await sharedPostgres().createEmptyDatabase();
    await using other = await connect(url);
    await takeMigrationLock(other);
    const waiting = Promise.withResolvers<void>();

    const opening = openDatabase(url, SHORT, { onWait: waiting.resolve });
    await waiting.promise;
    // Longer than any statement of the replica may take.
    await other.query('select pg_sleep(0.2)');
    await other.query('commit');

    await (await opening).close();
  });

  it('does not delay the shutdown of a waiting replica', async () => {
    const url = await sharedPostgres().createEmptyDatabase();
    await using other = await connect(url);
    await takeMigrationLock(other);
    const told = new AbortController();
    const reason = new Error('told to end');

    const opening = openDatabase(url, SHORT, {
      onWait: () => told.abort(reason),
      signal: told.signal,
    });

    await expect(opening).rejects.toBe(reason);
  });

  it('does not block a transaction of an older replica that locks the same tables', async () => {
    const url = await sharedPostgres().createDatabase();
    await using older = await connect(url);
    // As before the last migrations, the first and the last of which change `video`, another one `owner`.
    await older.query(`drop index video_due_named`);
    await older.query(`create index video_due on video (check_after)`);
    await older.query(`alter table owner drop column origin`);
    await older.query(`delete from longtake_migration where name >= '0016'`);
    await using watching = await connect(url);
    const someoneWaits = `select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;

    await older.query('begin');
    await older.query('select id from video for update skip locked');
    const opening = openDatabase(url);
    while ((await watching.query(someoneWaits)).rowCount === 0);
    await older.query(`insert into owner (owner, head, pruned) values ('me', 0, 0)
      on conflict (owner) do update set owner = excluded.owner`);
    await older.query(`update video set prompt = ''`);
    await older.query('commit');

    await (await opening).close();
    const { rows } = await older.query('select name from longtake_migration order by name');
    expect(rows.at(-1)).toEqual({ name: '0019-drop-due-index' });
  });

  it('is done once by many replicas that start at once', async () => {
    const url = await sharedPostgres().createEmptyDatabase();

    const opened = await Promise.all(Array.from({ length: 5 }, () => openDatabase(url)));

    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    for (const { close } of opened) await close();
  });
});

describe('a PostgreSQL that cannot be written', () => {
  it('because it is read-only is reported as such', async () => {
    const url = await sharedPostgres().createEmptyDatabase();
    await (await openDatabase(url)).close();
    await using client = await connect(url);
    await client.query(`alter database ${client.database} set default_transaction_read_only = on`);

    await expect(openDatabase(url)).rejects.toThrow(
      new RegExp(`^${PREFIX}\\S+ accepts no writes .* name the primary`),
    );
  });

  it('because its disk is full is reported as such', async () => {
    const url = await sharedPostgres().createEmptyDatabase();
    await atEachTable(url, "raise 'could not extend file' using errcode = 'disk_full'");

    await expect(openDatabase(url)).rejects.toThrow(
      new RegExp(`^${PREFIX}the disk of \\S+ is full \\(could not extend file\\)`),
    );
  });
});

/** Mounts of one's own, which need rights that a container may lack. */
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

/** Starts the gateway on files that only it sees. */
function startMounted(prepare: string, path: string) {
  const { status, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', `${prepare}; exec "$0" "$1"`, process.execPath, MAIN],
    {
      env: {
        PATH: process.env.PATH ?? '',
        PORT: '0',
        APIKLEY_API_KEY: 'key',
        UPSTREAM_URL: 'http://127.0.0.1:9',
        DATABASE_URL: `sqlite:${path}`,
      },
      encoding: 'utf8',
    },
  );
  return { status, stderr };
}

describe.skipIf(!canMount)('a SQLite file that cannot be written', () => {
  it('because its disk is full is reported as such', async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, 'gateway.db');

    const { status, stderr } = startMounted(
      `mount -t tmpfs -o size=16k tmpfs ${folder.path}`,
      path,
    );

    expect(stderr).toMatch(/^DATABASE_URL: .*its disk is full\. Free space/);
    expect(status).toBe(1);
  });

  it('because its file system is read-only is reported as such', async () => {
    await using folder = await makeFolder();
    const data = join(folder.path, 'data');
    await mkdir(data);
    const path = join(data, 'gateway.db');
    const mount = `mount --bind ${data} ${data} && mount -o remount,ro,bind ${data}`;

    const fresh = startMounted(mount, path);
    await (await openDatabase(`sqlite:${path}`)).close();
    const existing = startMounted(mount, path);

    for (const { status, stderr } of [fresh, existing]) {
      expect(stderr).toMatch(
        /^DATABASE_URL: the SQLite file .* cannot be used: it is read-only\. Check/,
      );
      expect(status).toBe(1);
    }
  });
});

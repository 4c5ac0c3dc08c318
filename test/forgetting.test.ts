import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { readLogBounds } from '../src/store/completions.ts';
import { openDatabase } from '../src/store/database.ts';
import { lockOwner } from '../src/store/owner-limits.ts';
import { forgetOwner } from '../src/store/transitions/delete.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { forget } from './support/forget.ts';
import { startGateway, type TestCaller } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { bearerOf, ISSUER, JWT_ENV } from './support/tokens.ts';

const ALICE = `jwt:${ISSUER}:alice`;
const postgres = sharedPostgres();

async function complete(caller: TestCaller, sandbox: Sandbox): Promise<string> {
  const { id, taskId } = await extend(caller);
  await sandbox.complete(taskId);
  return id;
}

async function readCursor(caller: TestCaller): Promise<string> {
  const { data } = await caller.graphql(ReadCompletionsDocument, { first: 100 });
  return data.completions.pageInfo.endCursor ?? expect.fail('no end cursor');
}

async function readAfter(caller: TestCaller, after: string) {
  const { data, errors } = await caller.graphql(ReadCompletionsDocument, { first: 100, after });
  return errors?.[0]?.extensions.code ?? data.completions.edges.map(({ node }) => node.video.id);
}

describe('the completion log of a forgotten owner', () => {
  it('never accepts an old cursor again', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);
    const [alice, bob] = [gateway.as(bearerOf('alice')), gateway.as(bearerOf('bob'))];
    await complete(alice, sandbox);
    const first = await readCursor(alice);
    await complete(alice, sandbox);
    const last = await readCursor(alice);
    await complete(bob, sandbox);
    const ofBob = await readCursor(bob);
    // Bob's, and of somebody whose first task is still open.
    const { cursor, id, taskId } = await extend(gateway.as(bearerOf('carol')));
    await gateway.stop();
    const DATABASE_URL = `sqlite:${join(gateway.folder, 'gateway.db')}`;

    expect(await forget({ DATABASE_URL }, ALICE)).toMatchObject({ code: 0 });

    await gateway.restart();
    for (const after of [first, last]) expect(await readAfter(alice, after)).toBe('CURSOR_EXPIRED');
    const { cursor: begin } = await extend(alice);
    const made: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      made.push(await complete(alice, sandbox));
      for (const after of [first, last]) {
        expect(await readAfter(alice, after)).toBe('CURSOR_EXPIRED');
      }
      expect(await readAfter(alice, begin)).toEqual(made);
    }
    expect(await readAfter(bob, ofBob)).toEqual([]);
    await sandbox.complete(taskId);
    expect(await readAfter(gateway.as(bearerOf('carol')), cursor)).toEqual([id]);
  });

  it('ends an open stream with CURSOR_EXPIRED instead of skipping completions', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, DATABASE_URL });
    await using replica = await startGateway(sandbox, { ...JWT_ENV, DATABASE_URL });
    const alice = gateway.as(bearerOf('alice'));
    const streams = [];
    for (const server of [gateway, replica]) {
      const socket = await server.as(bearerOf('alice')).socket();
      streams.push(socket.subscribe(OnExtendedDocument, {}));
      // The socket's subscription is open once a later operation was answered.
      await socket.subscribe(ReadCompletionsDocument, {}).rest();
    }
    const before = [await complete(alice, sandbox), await complete(alice, sandbox)];
    for (const stream of streams) {
      for (const id of before) {
        expect((await stream.next())?.data.videoExtended.video.id).toBe(id);
      }
    }

    expect(await forget({ DATABASE_URL }, ALICE)).toMatchObject({ code: 0 });
    await complete(alice, sandbox);

    for (const stream of streams) {
      expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('CURSOR_EXPIRED');
    }
  });

  it('delivers to a stream that was opened before the owner had a log again', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, DATABASE_URL });
    const alice = gateway.as(bearerOf('alice'));
    await complete(alice, sandbox);
    expect(await forget({ DATABASE_URL }, ALICE)).toMatchObject({ code: 0 });
    const socket = await alice.socket();
    const events = socket.subscribe(OnExtendedDocument, {});
    await socket.subscribe(ReadCompletionsDocument, {}).rest();

    const made = [await complete(alice, sandbox), await complete(alice, sandbox)];

    for (const id of made) {
      expect((await events.next())?.data?.videoExtended.video.id).toBe(id);
    }
  });

  it('is not restarted by a statement that has begun before the deletion', async () => {
    const url = await postgres.createDatabase();
    const { db, close } = await openDatabase(url);
    await sql`insert into owner (owner, head, pruned) values ('me', 7, 2)`.execute(db);
    const waiting = async () => {
      const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return rows[0]?.count;
    };
    const { promise: isRead, resolve: release } = Promise.withResolvers<void>();
    const { promise: isHeld, resolve: hold } = Promise.withResolvers<void>();
    const reader = db.transaction().execute(async (trx) => {
      await trx.selectFrom('owner').selectAll().where('owner', '=', 'me').forUpdate().execute();
      hold();
      await isRead;
    });
    await isHeld;

    const forgetting = forgetOwner(db, 'me');
    await expect.poll(waiting).toBe(1);
    const submitting = lockOwner(db, 'me');
    await expect.poll(waiting).toBe(2);
    release();
    await Promise.all([reader, forgetting, submitting]);

    const { head, pruned } = await readLogBounds(db, 'me');
    expect(head).toBeGreaterThan(7);
    expect(pruned).toBe(0);
    await close();
  });
});

describe('an owner whose table is being vacuumed', () => {
  async function vacuum() {
    const url = await postgres.createDatabase();
    const { db, close } = await openDatabase(url);
    await sql`insert into owner (owner, head, pruned) values ('key:me', 7, 2)`.execute(db);
    const session = await db.startTransaction().execute();
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(session);
    // The lock of a vacuum.
    await sql`lock table owner in share update exclusive mode`.execute(session);
    const countWaiting = async () => {
      const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return rows[0]?.count;
    };
    const end = async () => {
      await session.rollback().execute();
      await close();
    };
    return { url, db, countWaiting, end };
  }

  it('is forgotten once the vacuum has ended', async () => {
    const { url, countWaiting, end } = await vacuum();
    const forgetting = forget({ DATABASE_URL: url }, 'key:me');
    await expect.poll(countWaiting).toBe(1);
    // The first try has given up, so that the writes behind it go on.
    await expect.poll(countWaiting).toBe(0);
    await end();

    expect(await forgetting).toEqual({
      code: 0,
      text: 'key:me: 0 videos and refused submits deleted\n0 copies of files removed\n',
    });
  });

  it('is kept if the vacuum does not end, and the operator is told so', async () => {
    const { url, db, end } = await vacuum();

    expect(await forget({ DATABASE_URL: url }, 'key:me')).toEqual({
      code: 1,
      text: 'The table owner is in use, for example by a vacuum. Not everything was deleted: run this again.\n',
    });
    expect(await db.selectFrom('owner').select('owner').execute()).toEqual([{ owner: 'key:me' }]);
    await end();
  });
});

describe.each(['SQLite', 'PostgreSQL'])(
  'scheduled requests of a forgotten owner on %s',
  (engine) => {
    const LATER = () => new Date(Date.now() + 3_600_000).toISOString();

    async function schedule(caller: TestCaller, prompt: string): Promise<string> {
      const input = { ...INPUT, prompt, notBefore: LATER() };
      const { data } = await caller.graphql(ExtendDocument, { input });
      if (data.extendVideo.__typename !== 'ExtendVideoSuccess')
        throw new Error(JSON.stringify(data));
      expect(data.extendVideo.video.state).toBe('SCHEDULED');
      return data.extendVideo.video.id;
    }

    async function findTables(url: string, text: string): Promise<string[]> {
      const { db, close } = await openDatabase(url);
      const tables = (await db.introspection.getTables()).map(({ name }) => name);
      const found: string[] = [];
      for (const table of tables) {
        const { rows } = await sql`select * from ${sql.table(table)}`.execute(db);
        if (JSON.stringify(rows).includes(text)) found.push(table);
      }
      await close();
      return found;
    }

    it('are withdrawn and deleted, and those of others are kept', async () => {
      await using sandbox = await startSandbox({ autoplay: false });
      const isShared = engine === 'PostgreSQL';
      const env = isShared ? { DATABASE_URL: await postgres.createDatabase() } : {};
      await using gateway = await startGateway(sandbox, { ...JWT_ENV, ...env });
      const [alice, bob] = [gateway.as(bearerOf('alice')), gateway.as(bearerOf('bob'))];
      for (const prompt of ['First', 'Second']) await schedule(alice, prompt);
      const ofBob = await schedule(bob, "Bob's");
      if (!isShared) await gateway.stop();
      const url = env.DATABASE_URL ?? `sqlite:${join(gateway.folder, 'gateway.db')}`;

      const { code, text } = await forget({ DATABASE_URL: url }, ALICE);

      expect(text).toContain('2 scheduled requests withdrawn\n');
      expect(text).toContain(`${ALICE}: 2 videos and refused submits deleted\n`);
      expect(code).toBe(0);
      expect(await findTables(url, ALICE)).toEqual([]);
      if (!isShared) await gateway.restart();
      const { data } = await bob.graphql(ReadVideosDocument, { states: ['SCHEDULED'], first: 9 });
      expect(data.videos.edges.map(({ node }) => node.id)).toEqual([ofBob]);
      expect(sandbox.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    });
  },
);

it('does not lose a scheduled request that is being sent while its owner is forgotten', async () => {
  await using upstream = await startHeldUpstream();
  const DATABASE_URL = await postgres.createDatabase();
  await using gateway = await startGateway(upstream, {
    ...JWT_ENV,
    DATABASE_URL,
    // No room until the restart, so that the second submit is scheduled.
    UPSTREAM_REQUESTS: '1',
    UPSTREAM_WINDOW_MS: '60000',
  });
  const alice = gateway.as(bearerOf('alice'));
  const submit = (prompt: string) =>
    alice.graphql(ExtendDocument, { input: { ...INPUT, prompt, whenBusy: 'QUEUE' } });
  const first = submit('First');
  (await upstream.nextSubmit()).accept('task-1');
  await first;
  await submit('Second');
  await gateway.restart({ UPSTREAM_REQUESTS: '100', UPSTREAM_WINDOW_MS: '1' });
  const sent = await upstream.nextSubmit();

  const { code, text } = await forget({ DATABASE_URL }, ALICE);

  expect(text).toContain('2 tasks have not ended. Run this again once they have.');
  expect(code).toBe(1);
  sent.accept('task-2');
  await expect
    .poll(async () => {
      const { data } = await alice.graphql(ReadVideosDocument, { first: 9 });
      return data.videos.edges.map(({ node }) => `${node.taskId} ${node.state}`);
    })
    .toEqual(['task-2 WAITING', 'task-1 WAITING']);
});

it('removes lanes of owners that an earlier version has forgotten', async () => {
  const url = await postgres.createDatabase();
  const first = await openDatabase(url);
  await sql`insert into owner (owner, head, pruned) values ('kept', 0, 0)`.execute(first.db);
  for (const owner of ['forgotten', 'kept']) {
    await sql`insert into lane (owner, kind, turn, resume_at, busy_until, entries)
      values (${owner}, 'LATER', 1, 0, 0, 1)`.execute(first.db);
  }
  await sql`delete from longtake_migration where name >= '0018'`.execute(first.db);
  await first.close();

  const { db, close } = await openDatabase(url);

  expect(await db.selectFrom('lane').select('owner').execute()).toEqual([{ owner: 'kept' }]);
  await close();
});

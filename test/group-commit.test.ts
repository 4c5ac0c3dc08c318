import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { GatewayUnavailableError } from '../src/errors.ts';
import { createSqliteDialect, openSqliteFile } from '../src/store/sqlite.ts';
import { ExtendDocument, ReadVideoDocument } from './generated/graphql.ts';
import { holdDisk, isSettled } from './support/disk.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { type HeldUpstream, startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';

interface Tables {
  note: { id: number; text: string };
}

/** A real file with one table, and how often it has been committed. */
async function openNotes() {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-group-'));
  const file: DatabaseSync = openSqliteFile(join(folder, 'notes.db'));
  file.exec('create table note (id integer primary key, text text not null)');
  let commits = 0;
  const prepare = file.prepare.bind(file);
  file.prepare = (text: string) => {
    const statement = prepare(text);
    if (text !== 'commit') return statement;
    const runCommit = statement.run.bind(statement);
    statement.run = () => {
      commits += 1;
      return runCommit();
    };
    return statement;
  };
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(file) });

  async function write(id: number, text = 'text'): Promise<number> {
    return db.transaction().execute(async (trx) => {
      await trx.insertInto('note').values({ id, text }).execute();
      const { rows } = await sql<{ n: number }>`select count(*) as n from note`.execute(trx);
      return rows[0]?.n ?? 0;
    });
  }

  return {
    db,
    file,
    write,
    get commits() {
      return commits;
    },
    read: async () =>
      (await db.selectFrom('note').select('id').orderBy('id').execute()).map((row) => row.id),
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe('concurrent transactions', () => {
  it('are all committed, with fewer commits', async () => {
    await using notes = await openNotes();
    const ids = Array.from({ length: 200 }, (_, n) => n);

    const counts = await Promise.all(ids.map((id) => notes.write(id)));

    expect(counts).toEqual(ids.map((id) => id + 1));
    expect(await notes.read()).toEqual(ids);
    expect(notes.commits).toBeLessThan(200);
  });

  it('fail independently', async () => {
    await using notes = await openNotes();
    await notes.write(7);

    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => notes.write(n)));

    const failed = results.flatMap(({ status }, id) => (status === 'rejected' ? [id] : []));
    expect(failed).toEqual([7]);
    expect(await notes.read()).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('fail independently, including the first and the last', async () => {
    await using notes = await openNotes();
    await notes.write(1);

    const results = await Promise.allSettled([1, 2, 1, 3, 1].map((id) => notes.write(id)));

    expect(results.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    expect(await notes.read()).toEqual([1, 2, 3]);
  });

  it('are neither acknowledged nor visible to others when their commit fails', async () => {
    await using notes = await openNotes();
    const room = Number(Object.values(notes.file.prepare('pragma page_count').get() ?? {})[0]);
    notes.file.exec(`pragma max_page_count = ${room + 2}`);
    const text = 'x'.repeat(1500);

    const writes = Array.from({ length: 30 }, (_, id) => notes.write(id, text));
    const read = notes.read();
    const results = await Promise.allSettled([...writes, read]);

    const acknowledged = results
      .slice(0, 30)
      .flatMap(({ status }, id) => (status === 'fulfilled' ? [id] : []));
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.every((reason) => reason instanceof GatewayUnavailableError)).toBe(true);
    expect(await notes.read()).toEqual(acknowledged);
    const seen = results[30];
    if (seen?.status === 'fulfilled')
      expect(acknowledged).toEqual(expect.arrayContaining(seen.value as number[]));
  });

  it('do not block the event loop', async () => {
    await using notes = await openNotes();
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);

    await Promise.all(Array.from({ length: 2_000 }, (_, id) => notes.write(id)));
    isDone = true;

    // A queue that is worked off in one go leaves none.
    expect(turns).toBeGreaterThan(2);
  });
});

/** The open files of this process, from Linux's /proc. */
async function listOpenFiles(): Promise<string[]> {
  const handles = await readdir('/proc/self/fd');
  // The one of the list itself is gone by then.
  return Promise.all(handles.map((handle) => readlink(`/proc/self/fd/${handle}`).catch(() => '')));
}

describe('the undo data of a transaction', () => {
  it.runIf(process.platform === 'linux')('is written to no file, whatever its size', async () => {
    await using notes = await openNotes();
    const text = 'x'.repeat(1_000);
    await Promise.all(Array.from({ length: 200 }, (_, id) => notes.write(id, text)));

    const [changed] = await Promise.all([
      notes.db.updateTable('note').set({ text: 'new' }).returning('id').execute(),
      notes.write(200),
    ]);

    expect(changed).toHaveLength(200);
    // SQLite's own name for files that it makes elsewhere (sqlite.org/tempfiles.html).
    expect((await listOpenFiles()).filter((path) => path.includes('etilqs'))).toEqual([]);
  });
});

describe('a commit', () => {
  it('is acknowledged, with the reads after it, when it is on disk', async () => {
    await using notes = await openNotes();
    using disk = holdDisk();

    const write = notes.write(1);
    const sync = await disk.nextSync();
    const read = notes.read();

    expect(await isSettled(Promise.race([write, read]))).toBe(false);
    await sync.finish();
    expect(await write).toBe(1);
    expect(await read).toEqual([1]);
    expect(await notes.read()).toEqual([1]);
  });

  it('includes transactions that arrive while the previous one is being written', async () => {
    await using notes = await openNotes();
    using disk = holdDisk();

    const first = notes.write(0);
    const sync = await disk.nextSync();
    const others = [];
    for (let id = 1; id <= 20; id += 1) {
      others.push(notes.write(id));
      // Each in a turn of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sync.finish();
    await first;
    expect(await isSettled(Promise.race(others))).toBe(false);
    await (await disk.nextSync()).finish();

    expect(await Promise.all(others)).toEqual(others.map((_, index) => index + 2));
    expect(notes.commits).toBe(2);
  });

  it('without changes is written to no disk', async () => {
    await using notes = await openNotes();
    using _disk = holdDisk();

    const update = notes.db.updateTable('note').set({ text: 'new' }).where('id', '=', 1);
    const writes = [
      update.execute(),
      update.returningAll().execute(),
      notes.db.deleteFrom('note').where('id', '=', 1).execute(),
      notes.db.transaction().execute((trx) => trx.selectFrom('note').selectAll().execute()),
    ];

    expect(await isSettled(Promise.all(writes))).toBe(true);
    expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(
      writes.map(() => 'fulfilled'),
    );
  });

  it('without changes waits for the commits that it has read', async () => {
    await using notes = await openNotes();
    using disk = holdDisk();
    const update = notes.db.updateTable('note').set({ text: 'new' }).where('id', '=', 2);

    const written = notes.write(0);
    const sync = await disk.nextSync();
    const after = update.execute();
    expect(await isSettled(after)).toBe(false);
    await sync.finish();
    await written;
    expect(await isSettled(after)).toBe(true);
    expect((await after)[0]?.numUpdatedRows).toBe(0n);

    const lost = notes.write(1);
    const failing = await disk.nextSync();
    const doomed = update.execute();
    expect(await isSettled(doomed)).toBe(false);
    failing.fail();
    await expect(lost).rejects.toThrow(GatewayUnavailableError);
    await expect(doomed).rejects.toThrow(GatewayUnavailableError);
  });

  it('that fails on disk is refused, and so is everything after it until the file is reopened', async () => {
    await using notes = await openNotes();
    await notes.write(1);
    using disk = holdDisk();

    const write = notes.write(2);
    const sync = await disk.nextSync();
    const read = notes.read();
    sync.fail();

    await expect(write).rejects.toThrow(GatewayUnavailableError);
    await expect(read).rejects.toThrow(GatewayUnavailableError);
    await expect(notes.write(3)).rejects.toThrow(GatewayUnavailableError);
    await expect(notes.read()).rejects.toThrow(GatewayUnavailableError);
  });
});

describe('a gateway with a slow disk', () => {
  /** What it writes by itself at its start is on disk when its first submit is answered. */
  async function start(upstream: HeldUpstream): Promise<TestGateway> {
    await using stack = new AsyncDisposableStack();
    const gateway = stack.use(await startGateway(upstream));
    const first = extend(gateway);
    (await upstream.nextSubmit()).accept('task-0');
    await first;
    stack.move();
    return gateway;
  }

  it('sends and answers only after the commit is on disk, and keeps serving meanwhile', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    using disk = holdDisk();

    const submit = gateway.graphql(ExtendDocument, { input: INPUT });
    const row = await disk.nextSync();
    expect((await gateway.send('{ __typename }')).data).toEqual({ __typename: 'Query' });
    expect(upstream.submits).toHaveLength(1);
    await row.finish();
    (await upstream.nextSubmit()).accept('task-1');
    const answer = await disk.nextSync();
    expect((await gateway.send('{ __typename }')).data).toEqual({ __typename: 'Query' });
    expect(await isSettled(submit)).toBe(false);
    await answer.finish();

    expect((await submit).data.extendVideo).toMatchObject({ video: { taskId: 'task-1' } });
  });

  it('is not ready after its disk has failed', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await start(upstream);
    using disk = holdDisk();

    const submit = gateway.graphql(ExtendDocument, { input: INPUT });
    (await disk.nextSync()).fail();

    expect((await submit).data.extendVideo).toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    const { data, errors } = await gateway.graphql(ReadVideoDocument, { taskId: 'task-1' });
    expect([data.video, errors?.[0]?.extensions.code]).toEqual([null, 'GATEWAY_UNAVAILABLE']);
    expect((await fetch(`${gateway.url}/ready`)).status).toBe(503);
    expect(upstream.submits).toHaveLength(1);
  });
});

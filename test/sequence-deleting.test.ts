/** What a user's deletes leave of the words of a sequence. */

import pg from 'pg';
import { expect, it } from 'vitest';
import { DeleteVideoDocument } from './generated/graphql.ts';
import { queryDatabase } from './support/database-query.ts';
import { startGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { sharedPostgres } from './support/postgres.ts';
import {
  create,
  fail,
  inState,
  ORIGINAL,
  pass,
  resume,
  toFilm,
  waitFor,
} from './support/sequences.ts';

it('leaves no word of a shot whose two tries are deleted at the same moment', async () => {
  await using upstream = await startHeldUpstream();
  const databaseUrl = await sharedPostgres().createDatabase();
  await using gateway = await startGateway(upstream, { DATABASE_URL: databaseUrl });
  const { id } = await create(gateway, toFilm(['A secret wish'], { waterMark: 'Alice' }));
  await pass(upstream, 'task-0');
  const shot = await upstream.nextSubmit();
  shot.accept('task-1');
  await fail(shot, 'task-1');
  await waitFor(gateway, id, inState('PAUSED'));
  await resume(gateway, id);
  await pass(upstream, 'task-2');
  await waitFor(gateway, id, inState('COMPLETED'));
  const client = new pg.Client(databaseUrl);
  await client.connect();

  // The last statement of each delete waits, so that neither is committed before the other has begun.
  await client.query('begin');
  await client.query('lock table completion in exclusive mode');
  const deletes = ['task-1', 'task-2'].map((taskId) =>
    gateway.graphql(DeleteVideoDocument, { id: taskId }),
  );
  const countBlocked = async () => {
    const { rows } = await client.query(
      `select 1 from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock'`,
    );
    return rows.length;
  };
  await expect.poll(countBlocked).toBe(2);
  await client.query('commit');
  await client.end();

  for (const { data } of await Promise.all(deletes)) {
    expect(data.deleteVideo.__typename).toBe('DeleteVideoSuccess');
  }
  const words = 'select prompt, water_mark from shot where number = 1';
  expect(await queryDatabase(databaseUrl, words)).toEqual([{ prompt: '', water_mark: '' }]);
});

it.each(['SQLite', 'PostgreSQL'])(
  'leaves no prompt and no watermark of a film whose videos are deleted, on %s',
  async (engine) => {
    await using upstream = await startHeldUpstream();
    const shared = engine === 'SQLite' ? null : await sharedPostgres().createDatabase();
    await using gateway = await startGateway(upstream, {
      ...(shared !== null && { DATABASE_URL: shared }),
    });
    const databaseUrl = shared ?? `sqlite:${gateway.folder}/gateway.db`;
    const film = toFilm(['One'], { waterMark: 'Alice' });
    const { id } = await create(gateway, film);
    for (const taskId of ['task-0', 'task-1']) await pass(upstream, taskId);
    await waitFor(gateway, id, inState('COMPLETED'));

    for (const taskId of ['task-0', 'task-1']) {
      await gateway.graphql(DeleteVideoDocument, { id: taskId });
    }

    await gateway.stop();
    const stored = JSON.stringify([
      await queryDatabase(databaseUrl, 'select * from sequence'),
      await queryDatabase(databaseUrl, 'select * from shot'),
      await queryDatabase(databaseUrl, 'select * from video'),
    ]);
    expect(stored).toContain(film.idempotencyKey);
    for (const word of ['Alice', ORIGINAL.prompt, 'One']) expect(stored).not.toContain(word);
  },
);

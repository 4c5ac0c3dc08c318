/** Settings of a PostgreSQL database with which a task or a payment would be lost. */

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { ReadVideoDocument } from './generated/graphql.ts';
import { postCallback, toFailure, toSuccess } from './support/callback.ts';
import { startGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend } from './support/operations.ts';
import { hasPgbouncer, type Pooler, startPgbouncer } from './support/pgbouncer.ts';
import { sharedPostgres } from './support/postgres.ts';
import { runProgram } from './support/program.ts';

const postgres = sharedPostgres();
const FIXED = { APIKLEY_API_KEY: 'key', UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '9' };

const toName = (url: string) => new URL(url).pathname.slice(1);

async function createEncoded(encoding: string): Promise<string> {
  const url = new URL(await postgres.createEmptyDatabase());
  await postgres.run(`drop database ${toName(url.href)}`);
  await postgres.run(
    `create database ${toName(url.href)} encoding '${encoding}' template template0 lc_collate 'C' lc_ctype 'C'`,
  );
  return url.href;
}

/** What it finds wrong with the database. */
async function consult(env: Record<string, string>) {
  const { stdout } = await runProgram('doctor/main.ts', { ...FIXED, ...env }, { args: ['--json'] });
  const findings = JSON.parse(stdout) as Finding[];
  return findings
    .filter(({ subject, level }) => subject === 'database' && level !== 'ok')
    .map(({ level, message, fix }) => ({ level, message, fix }));
}

describe('the encoding of a database', () => {
  it('other than UTF8 stops the start, and the doctor reports it', async () => {
    const DATABASE_URL = await createEncoded('LATIN1');
    const problem =
      'DATABASE_URL: the database has the encoding LATIN1, which cannot store every character: failure texts and prompts would be lost';
    const fix =
      "Create a database with UTF8 (create database NAME encoding 'UTF8' template template0) and name it in DATABASE_URL; pg_dump and psql move existing data.";

    const { code, stderr } = await runProgram('main.ts', { ...FIXED, PORT: '0', DATABASE_URL });

    expect(stderr).toBe(`${problem}. ${fix}\n`);
    expect(code).toBe(78);
    expect(await consult({ DATABASE_URL })).toEqual([{ level: 'fault', message: problem, fix }]);
  });

  it('may be SQL_ASCII, which stores every text unchanged', async () => {
    const DATABASE_URL = await createEncoded('SQL_ASCII');
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });
    const prompt = 'Кот 😀 跳舞';
    const submitting = extend(gateway, { prompt });
    const held = await upstream.nextSubmit();
    held.accept('task-1');
    await submitting;

    const failure = { ...toFailure('task-1'), msg: 'Ошибка: 内容不合规' };
    const { status } = await postCallback(held.callback.url, failure);

    expect(status).toBe(200);
    const { data } = await gateway.graphql(ReadVideoDocument, { taskId: 'task-1' });
    expect(data.video).toMatchObject({ prompt, failure: { message: failure.msg } });
    expect(await consult({ DATABASE_URL })).toEqual([]);
  });
});

describe.each(['repeatable read', 'serializable'])('the default isolation level %s', (level) => {
  async function createIsolated(): Promise<string> {
    const url = await postgres.createDatabase();
    await postgres.run(
      `alter database ${toName(url)} set default_transaction_isolation = '${level}'`,
    );
    return url;
  }

  it('does not make a callback fail because of a concurrent commit', async () => {
    const DATABASE_URL = await createIsolated();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });
    const submitting = extend(gateway);
    const held = await upstream.nextSubmit();
    held.accept('task-1');
    await submitting;

    const other = new pg.Client(DATABASE_URL);
    await other.connect();
    await other.query('begin');
    await other.query('update video set prompt = prompt');
    const calling = postCallback(held.callback.url, toSuccess('task-1'));
    await expect
      .poll(async () => {
        const { rows } = await other.query(
          `select 1 from pg_stat_activity where datname = current_database()
              and wait_event_type = 'Lock'`,
        );
        return rows.length;
      })
      .toBeGreaterThan(0);
    await other.query('commit');
    await other.end();

    expect((await calling).status).toBe(200);
    expect(await consult({ DATABASE_URL })).toEqual([]);
  });

  describe.skipIf(!hasPgbouncer())('behind a pooler in transaction mode', () => {
    let pooler: Pooler;
    beforeAll(async () => {
      pooler = await startPgbouncer(postgres.url, 'transaction');
    });
    afterAll(() => pooler[Symbol.asyncDispose]());

    it('stops the start, and the doctor reports it', async () => {
      const DATABASE_LISTEN_URL = await createIsolated();
      const DATABASE_URL = pooler.through(DATABASE_LISTEN_URL);
      const urls = { DATABASE_URL, DATABASE_LISTEN_URL };
      const problem = `DATABASE_URL: the default isolation level is ${level}, with which concurrent submits and callbacks fail`;
      const fix = `Run alter role postgres in database ${toName(DATABASE_URL)} set default_transaction_isolation = 'read committed', then have the pooler connect anew (RECONNECT in pgbouncer).`;

      const { code, stderr } = await runProgram('main.ts', { ...FIXED, PORT: '0', ...urls });

      expect(stderr).toBe(`${problem}. ${fix}\n`);
      expect(code).toBe(78);
      expect(await consult(urls)).toEqual([{ level: 'fault', message: problem, fix }]);
    });
  });
});

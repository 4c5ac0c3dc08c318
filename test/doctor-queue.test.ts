import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { backdate } from './support/backdate.ts';
import { startGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { runProgram } from './support/program.ts';

const postgres = sharedPostgres();

async function examineQueue(env: Record<string, string>) {
  const { stdout } = await runProgram(
    'doctor/main.ts',
    { APIKLEY_API_KEY: 'key', UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '9', ...env },
    { args: ['--json'] },
  );
  return (JSON.parse(stdout) as Finding[]).filter(({ subject }) => subject === 'queue');
}

/** Starts a gateway with two submits that are due in an hour. */
async function startWithQueue(upstream: { readonly url: string }, env: Record<string, string>) {
  const gateway = await startGateway(upstream, env);
  const notBefore = new Date(Date.now() + 3_600_000).toISOString();
  for (let n = 0; n < 2; n += 1) await extend(gateway, { notBefore });
  return gateway;
}

describe('the check of the queue', () => {
  it.each(['SQLite', 'PostgreSQL'])(
    'reports the length while a gateway runs: %s',
    async (engine) => {
      await using upstream = await startHeldUpstream();
      const database: Record<string, string> =
        engine === 'SQLite' ? {} : { DATABASE_URL: await postgres.createDatabase() };
      await using gateway = await startWithQueue(upstream, database);

      const found = await examineQueue({
        PORT: new URL(gateway.url).port,
        DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
        ...database,
      });

      expect(found).toEqual([
        {
          level: 'ok',
          subject: 'queue',
          message: '2 submits are scheduled; the oldest has waited for 0 s',
          fix: null,
        },
      ]);
    },
  );

  it('warns about a submit that should have been sent long ago', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startWithQueue(upstream, {});
    await gateway.stop();
    backdate(gateway, 'update video set not_before = null, created_at = created_at - 3600000');

    const found = await examineQueue({
      DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
    });

    expect(found).toEqual([
      {
        level: 'warning',
        subject: 'queue',
        message: expect.stringMatching(
          /^2 submits are scheduled; the oldest has waited for 3\d{3} s$/,
        ),
        fix: expect.stringContaining('LongtakeQueueStuck'),
      },
    ]);
  });
});

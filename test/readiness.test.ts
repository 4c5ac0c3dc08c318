import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startGateway as start } from '../src/gateway.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument } from './generated/graphql.ts';
import { holdDisk } from './support/disk.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { scrape } from './support/scrape.ts';

async function askReady(gateway: { url: string }): Promise<number> {
  return (await fetch(`${gateway.url}/ready`)).status;
}

/** A probe that writes is made once a second. The test's own time limit ends this. */
async function untilReady(gateway: { url: string }, status: 200 | 503): Promise<void> {
  while ((await askReady(gateway)) !== status);
}

describe('/ready', () => {
  it('is 503 while fsync hangs, and 200 once it returns', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    using disk = holdDisk();

    // The result of the probe at the start is cached for a second.
    await untilReady(gateway, 503);
    // Each asks while the same fsync hangs.
    expect(await Promise.all([askReady(gateway), askReady(gateway)])).toEqual([503, 503]);
    const { get } = await scrape(gateway);
    await (await disk.nextSync()).finish();
    disk[Symbol.dispose]();

    expect(get('longtake_database_up')).toBe(0);
    await untilReady(gateway, 200);
  });

  it.skipIf(process.platform !== 'linux')('is 503 while the disk is full', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox);

    gateway.limitFileSize(1);
    await untilReady(gateway, 503);
    expect((await scrape(gateway)).get('longtake_database_up')).toBe(0);
    await gateway.logged('the database cannot be written');
    gateway.limitFileSize('unlimited');

    await untilReady(gateway, 200);
    await gateway.logged('the database can be written again');
  });

  it('is 503 while PostgreSQL is read-only', async () => {
    const postgres = sharedPostgres();
    const DATABASE_URL = await postgres.createDatabase();
    const name = new URL(DATABASE_URL).pathname.slice(1);
    const reconnect = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`;
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { DATABASE_URL });

    await postgres.run(`alter database ${name} set default_transaction_read_only = on`);
    await postgres.run(reconnect);
    await untilReady(gateway, 503);
    await postgres.run(`alter database ${name} reset default_transaction_read_only`);
    await postgres.run(reconnect);

    await untilReady(gateway, 200);
  });
});

describe('a drain', () => {
  it('answers 503 at /ready and serves everything else before the port closes', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox, {
      DRAIN_GRACE_MS: '3600000',
      SHUTDOWN_TIMEOUT_MS: '3600000',
    });

    gateway.signal('SIGTERM');
    await gateway.logged('draining');

    expect(await askReady(gateway)).toBe(503);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    // The balancer may send submits until it has noticed.
    expect(await extend(gateway)).toMatchObject({ taskId: expect.any(String) });
  });

  it('closes the port after the grace, at the latest after SHUTDOWN_TIMEOUT_MS', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    for (const env of [
      { DRAIN_GRACE_MS: '50' },
      { DRAIN_GRACE_MS: '3600000', SHUTDOWN_TIMEOUT_MS: '50' },
    ]) {
      await using gateway = await startGatewayProcess(sandbox, env);

      expect(await gateway.stop()).toContain('"msg":"closed"');
      await expect(fetch(gateway.url)).rejects.toThrow();
    }
  });

  it('ends in time while fsync hangs, and reports a blocked thread', async () => {
    await using folder = await makeFolder();
    const gateway = await start(
      readConfig({
        APIKLEY_API_KEY: 'key',
        UPSTREAM_URL: 'http://127.0.0.1:9',
        PORT: '0',
        DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
        SHUTDOWN_TIMEOUT_MS: '50',
        LOG_LEVEL: 'silent',
      }),
    );
    using disk = holdDisk();
    const submitting = fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: ExtendDocument.toString(), variables: { input: INPUT } }),
    }).catch(() => 'cut off');
    await disk.nextSync();

    expect(await gateway.close()).toBe(false);
    expect(await submitting).toBe('cut off');
  });

  it('has a grace of 5 s, and none on loopback', () => {
    const env = { APIKLEY_API_KEY: 'key', AUTH: 'none' };

    expect(readConfig({ ...env, HOST: '0.0.0.0' }).DRAIN_GRACE_MS).toBe(5_000);
    expect(readConfig({ ...env, HOST: '0.0.0.0', DRAIN_GRACE_MS: '0' }).DRAIN_GRACE_MS).toBe(0);
    expect(readConfig({ ...env, HOST: '::1' }).DRAIN_GRACE_MS).toBe(0);
  });
});

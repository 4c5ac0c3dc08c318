/** One gateway on a database file, which is killed and started again on the same file. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startChildGateway } from '../support/child-gateway.ts';
import { READ_LOG, READ_ROWS, SITE_ENV, type Site, type StoredRow } from './site.ts';
import { type PaidUpstream, PUBLIC_URL } from './upstream.ts';

export async function createSqliteSite(
  upstream: PaidUpstream,
  compileCache: string,
): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-crash-'));
  let gateway = await start();

  function start() {
    return startChildGateway({
      folder,
      upstreamUrl: upstream.url,
      env: { ...SITE_ENV, PUBLIC_URL, NODE_COMPILE_CACHE: compileCache },
    });
  }

  async function expectKill(): Promise<void> {
    const signal = await gateway.exited;
    if (signal !== 'SIGKILL') throw new Error('The gateway ended by itself.');
  }

  return {
    get gateways() {
      return [gateway];
    },
    async arm(at, nth) {
      const doomed = gateway;
      if (at === 'POST received' || at === 'GET received') {
        let remaining = nth;
        upstream.onRequest = (method) => {
          if (!at.startsWith(method) || --remaining > 0) return false;
          void doomed.kill();
          return true;
        };
      } else {
        await doomed.arm(at, nth);
      }
      return { receivers: [doomed], happened: expectKill(), mayBurnKeys: true };
    },
    async recover() {
      gateway = await start();
    },
    async conclude() {
      await gateway.stop();
      const file = new DatabaseSync(join(folder, 'gateway.db'));
      const rows = file.prepare(READ_ROWS).all() as unknown as StoredRow[];
      const log = file.prepare(READ_LOG).all() as { id: string }[];
      file.close();
      return { rows, log: log.map(({ id }) => id) };
    },
    async [Symbol.asyncDispose]() {
      await gateway.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

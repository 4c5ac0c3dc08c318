/**
 * The PostgreSQL server of a run, in a process of its own: it stops the server and deletes the run's files
 * when the bench has gone, even if that was killed. `postgres.ts <folder of the run's files>`.
 */

import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { startPostgres } from '../../test/support/postgres.ts';

const [folder = ''] = process.argv.slice(2);
// Ctrl-C reaches this process, too: the bench is what decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
const disconnected = once(process, 'disconnect');
{
  await using postgres = await startPostgres();
  process.send?.(postgres.url);
  await disconnected;
}
await rm(folder, { recursive: true, force: true });
process.exit();

import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { isShared } from '../store/database.ts';
import type { Listener } from '../store/listener.ts';
import type { PoolOptions } from '../store/postgres.ts';
import type { Hub } from './hub.ts';

/** Passes changes by other replicas to the hub. Undefined on SQLite, which has no replicas. */
export async function followChanges(
  config: Pick<Config, 'DATABASE_URL' | 'DATABASE_LISTEN_URL'>,
  pool: PoolOptions,
  hub: Hub,
  log: Logger,
): Promise<Listener | undefined> {
  if (!isShared(config.DATABASE_URL)) return undefined;
  const { startListener } = await import('../store/listener.ts');
  return startListener(config.DATABASE_LISTEN_URL ?? config.DATABASE_URL, pool, {
    onChange: hub.publish,
    onConnect: hub.publishAll,
    onError: (error) => log.error({ err: error }, 'notifications of the database are interrupted'),
  });
}

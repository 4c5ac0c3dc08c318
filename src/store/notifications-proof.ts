/** Proves that notifications arrive: a pooler in transaction mode accepts LISTEN, and then drops them. */

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { within } from '../within.ts';
import { type PoolOptions, toClientConfig } from './postgres.ts';
import { explainPostgres, ListenError, SetupError } from './postgres-trouble.ts';

/** A notification normally arrives within milliseconds. */
const ARRIVES_WITHIN_MS = 10_000;
/** How long closing a connection may take. */
const GOODBYE_MS = 1_000;

/**
 * Listens on one connection and notifies on another, because a notification on the same connection would
 * arrive through any pooler. Changes nothing in the database or in its sessions.
 *
 * @throws SetupError; ListenError; the error of `pg` for the connection of `DATABASE_URL`.
 */
export async function proveNotifications(url: string, options: PoolOptions): Promise<void> {
  const channel = `longtake_proof_${randomBytes(8).toString('hex')}`;
  await using sender = await connect(url, options);
  await using listener = await connectListener(url, options);
  const arrival = Promise.withResolvers<boolean>();
  listener.client.once('notification', () => arrival.resolve(true));
  await listener.client.query(`listen ${channel}`);
  await sender.client.query(`notify ${channel}`);
  if (await within(ARRIVES_WITHIN_MS, arrival.promise, false)) return;
  throw options.listenUrl === undefined
    ? new SetupError(
        'DATABASE_URL: notifications do not arrive, as behind a pooler in transaction mode',
        'Set DATABASE_LISTEN_URL to an address of the same database without that pooler.',
      )
    : new SetupError(
        'DATABASE_LISTEN_URL: the notifications of DATABASE_URL do not arrive there',
        'Set it to an address of the same database, without a pooler in transaction mode.',
      );
}

async function connectListener(url: string, options: PoolOptions) {
  const { listenUrl } = options;
  if (listenUrl === undefined) return connect(url, options);
  try {
    return await connect(listenUrl, options);
  } catch (cause) {
    throw new ListenError(`DATABASE_LISTEN_URL: ${explainPostgres(cause, listenUrl)}`, { cause });
  }
}

async function connect(url: string, options: PoolOptions) {
  const client = new pg.Client(toClientConfig(url, options));
  // The running query rejects as well.
  client.on('error', () => {});
  await client.connect();
  return {
    client,
    async [Symbol.asyncDispose]() {
      await within(GOODBYE_MS, client.end(), undefined);
      client.connection.stream.destroy();
    },
  };
}

/** Listens for PostgreSQL notifications, which tell a replica of the commits of others. */

import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { within } from '../within.ts';
import { type PoolOptions, toClientConfig } from './postgres.ts';

const MIN_PAUSE_MS = 150;
const MAX_PAUSE_MS = 1_000;
/** A connection that breaks silently emits no event, so it is probed. */
const HEARTBEAT_MS = 10_000;
/** How long closing the connection may take. */
const GOODBYE_MS = 1_000;

export interface Listener {
  close(): Promise<void>;
}

export interface ListenerEvents {
  /** A row was changed and committed. */
  onChange(change: { id: string; owner: string }): void;
  /** Connected or reconnected: notifications may have been missed. */
  onConnect(): void;
  /** The first failure since the last connection. */
  onError(error: unknown): void;
}

/** A pause that grows with each failed attempt. Has jitter, because all replicas lose their connections at once. */
export function toPause(attempts: number): number {
  const most = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** attempts);
  return most * (0.5 + 0.5 * Math.random());
}

/** Listens on a connection of its own and reconnects whenever it is lost, until `close`. */
export function startListener(url: string, options: PoolOptions, events: ListenerEvents): Listener {
  const closing = new AbortController();

  /** Both are counted since the last connection. */
  let attempts = 0;
  let isReported = false;

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await listen();
      } catch (error) {
        if (!isReported && !closing.signal.aborted) events.onError(error);
        isReported = true;
      }
      const pause = toPause(attempts);
      attempts += 1;
      await delay(pause, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  /** Resolves when the connection is closed. */
  async function listen(): Promise<void> {
    const client = new pg.Client(toClientConfig(url, options));
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    client.on('error', leave);
    client.on('end', leave);
    closing.signal.addEventListener('abort', leave, { once: true });
    client.on('notification', ({ payload = '' }) => {
      const at = payload.indexOf(' ');
      events.onChange({ id: payload.slice(0, at), owner: payload.slice(at + 1) });
    });
    try {
      await client.connect();
      await client.query('listen longtake_video');
      attempts = 0;
      isReported = false;
      events.onConnect();
      while (await pass(HEARTBEAT_MS, leaving.signal)) await client.query('select 1');
    } finally {
      closing.signal.removeEventListener('abort', leave);
      await within(
        GOODBYE_MS,
        client.end().catch(() => undefined),
        undefined,
      );
      client.connection.stream.destroy();
    }
  }

  /** Waits. Resolves with false when `close` ended the wait early. */
  async function pass(ms: number, signal: AbortSignal): Promise<boolean> {
    return delay(ms, true, { ref: false, signal }).catch(() => false);
  }

  const running = run();
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

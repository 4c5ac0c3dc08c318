/**
 * Loaded into the gateway's process before it (`--import`): kills it at a point that the test names.
 * It stands at Node's own boundary, around SQLite's statements and undici's diagnostics, so the
 * gateway knows nothing of it. A point whose statement is no longer found is never reached, which
 * fails its test.
 */

import { subscribe } from 'node:diagnostics_channel';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { createDeedTracker, isLease, isWrite, type StatementPoint } from './deeds.ts';

export type InnerPoint = StatementPoint | 'POST about to leave' | 'any write';

let armed: InnerPoint | null = null;
let remaining = 0;

/** SIGKILL to oneself is delivered before the call returns: nothing after it runs. */
function reach(point: InnerPoint, times = 1): void {
  if (point !== armed) return;
  remaining -= times;
  if (remaining <= 0) process.kill(process.pid, 'SIGKILL');
}

/** When each POST was written to its socket, by the machine's monotonic clock, in milliseconds. */
const postTimes: number[] = [];
/** The bodies of those POSTs, each sent as one chunk. */
const postBodies: string[] = [];
subscribe('undici:request:bodySent', (message) => {
  const { request } = message as { request: { method: string } };
  if (request.method === 'POST') postTimes.push(Number(process.hrtime.bigint()) / 1e6);
});
subscribe('undici:request:bodyChunkSent', (message) => {
  const { request, chunk } = message as { request: { method: string }; chunk: Buffer | string };
  if (request.method === 'POST') postBodies.push(String(chunk));
});

interface Message {
  readonly arm?: InnerPoint;
  readonly nth?: number;
  readonly memory?: true;
  readonly postTimes?: true;
  readonly postBodies?: true;
  readonly statements?: true;
}

process.on('message', (message: Message) => {
  if (message.postTimes) {
    process.send?.(postTimes);
    return;
  }
  if (message.postBodies) {
    process.send?.(postBodies);
    return;
  }
  if (message.statements) {
    process.send?.(statements.splice(0));
    return;
  }
  if (message.memory) {
    globalThis.gc?.();
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    process.send?.({ rss, heapUsed, arrayBuffers });
    return;
  }
  armed = message.arm ?? null;
  remaining = message.nth ?? 1;
  process.send?.('armed');
});
// The parent has exited, so nothing would end this process.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();

subscribe('undici:client:sendHeaders', (message) => {
  const { request } = message as { request: { method: string } };
  if (request.method === 'POST') reach('POST about to leave');
});

/** The texts of SQLite's statements since the last question, the latest ones. */
const statements: string[] = [];
const MAX_STATEMENTS = 1_000;
const tracker = createDeedTracker();

function before(sql: string): void {
  if (statements.push(sql) > MAX_STATEMENTS) statements.shift();
  if (isWrite(sql)) reach('any write');
  for (const point of tracker.before(sql)) reach(point);
}

function after(sql: string, result: unknown): void {
  for (const point of tracker.after(sql)) reach(point);
  if (isLease(sql) && Array.isArray(result)) reach('row leased', result.length);
}

const texts = new WeakMap<StatementSync, string>();
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function (this: DatabaseSync, ...args) {
  const statement = prepare.apply(this, args);
  texts.set(statement, args[0]);
  return statement;
};

function wrap(method: 'all' | 'run'): void {
  const original = StatementSync.prototype[method] as (...values: unknown[]) => unknown;
  Object.defineProperty(StatementSync.prototype, method, {
    value(this: StatementSync, ...values: unknown[]) {
      const sql = texts.get(this) ?? '';
      before(sql);
      const result = original.apply(this, values);
      after(sql, result);
      return result;
    },
  });
}
wrap('all');
wrap('run');

/**
 * Loaded into the gateway's process before it (`--import`): kills it at a point that the test names.
 * It stands at Node's own boundary, around SQLite's statements and undici's diagnostics, so the
 * gateway knows nothing of it. A point whose statement is no longer found is never reached, which
 * fails its test.
 */

import { subscribe } from 'node:diagnostics_channel';
import { DatabaseSync, StatementSync } from 'node:sqlite';

export type InnerPoint =
  | 'row committed'
  | 'POST about to leave'
  | 'before the commit of the answer'
  | 'answer committed'
  | 'before the commit of the end'
  | 'end committed'
  | 'row leased';

let armed: InnerPoint | null = null;
let remaining = 0;

/** SIGKILL to oneself is delivered before the call returns: nothing after it runs. */
function reach(point: InnerPoint, times = 1): void {
  if (point !== armed) return;
  remaining -= times;
  if (remaining <= 0) process.kill(process.pid, 'SIGKILL');
}

process.on('message', (message: { arm?: InnerPoint; nth?: number; memory?: true }) => {
  if (message.memory) {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    process.send?.({ rss, heapUsed });
    return;
  }
  armed = message.arm ?? null;
  remaining = message.nth ?? 1;
  process.send?.('armed');
});
// Whoever started it is gone: nobody would end it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();

subscribe('undici:client:sendHeaders', (message) => {
  const { request } = message as { request: { method: string } };
  if (request.method === 'POST') reach('POST about to leave');
});

let isEnding = false;

function before(sql: string): void {
  if (isConfirmation(sql)) reach('before the commit of the answer');
  if (sql.startsWith('insert into "completion"')) isEnding = true;
  if (sql === 'commit' && isEnding) reach('before the commit of the end');
}

function after(sql: string, result: unknown): void {
  if (sql.startsWith('insert into "video"')) reach('row committed');
  if (isConfirmation(sql)) reach('answer committed');
  if (sql.startsWith('update "video" set "lease_until"') && Array.isArray(result)) {
    reach('row leased', result.length);
  }
  if (sql === 'commit' && isEnding) reach('end committed');
  if (sql === 'commit' || sql === 'rollback') isEnding = false;
}

/** `confirmSubmit` is the only statement that sets these two, in this order. */
function isConfirmation(sql: string): boolean {
  return /^update "video" set "task_id" = .*"check_after" = /.test(sql);
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

/**
 * Loaded into the gateway's process before it (`--import`): kills it at a point that the test names.
 * It stands at Node's own boundary, around SQLite's statements and undici's diagnostics, so the
 * gateway knows nothing of it. A point whose statement is no longer found is never reached, which
 * fails its test.
 */

import { subscribe } from 'node:diagnostics_channel';
import { DatabaseSync, StatementSync } from 'node:sqlite';

/** What is written down and must not be half done: a new row, the upstream's answer, a task's end. */
type Deed = 'row' | 'answer' | 'end';

export type InnerPoint =
  | `before the commit of the ${Deed}`
  | `${Deed} committed`
  | 'POST about to leave'
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
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    process.send?.({ rss, heapUsed, arrayBuffers });
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

let isInTransaction = false;
/** Of the transaction under way, one for each: a commit may hold the deeds of many. */
const deeds: Deed[] = [];
/** How many there were when the savepoint under way began. */
let savedDeeds = 0;

function toDeed(sql: string): Deed | null {
  if (sql.startsWith('insert into "video"')) return 'row';
  if (sql.startsWith('insert into "completion"')) return 'end';
  // `confirmSubmit` alone sets these two, in this order.
  return /^update "video" set "task_id" = .*"lease_until" = /s.test(sql) ? 'answer' : null;
}

function before(sql: string): void {
  const deed = toDeed(sql);
  if (deed && isInTransaction) deeds.push(deed);
  else if (deed) reach(`before the commit of the ${deed}`);
  if (sql === 'commit') for (const done of deeds) reach(`before the commit of the ${done}`);
}

function after(sql: string, result: unknown): void {
  const deed = toDeed(sql);
  if (deed && !isInTransaction) reach(`${deed} committed`);
  if (sql === 'commit') for (const done of deeds) reach(`${done} committed`);
  if (sql.startsWith('update "video" set "lease_until"') && Array.isArray(result)) {
    reach('row leased', result.length);
  }
  if (sql.startsWith('begin')) isInTransaction = true;
  if (sql === 'savepoint member') savedDeeds = deeds.length;
  if (sql === 'rollback to member') deeds.length = savedDeeds;
  if (sql === 'commit' || sql === 'rollback') {
    isInTransaction = false;
    deeds.length = 0;
  }
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

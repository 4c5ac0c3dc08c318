import { createHook } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { within } from '../src/within.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';

/** Timers that have neither fired nor been cleared, by the time that they were set for. */
function watchTimers(): Disposable & { count(ms: number): number } {
  const open = new Map<number, unknown>();
  const hook = createHook({
    init(id, type, _trigger, resource) {
      if (type === 'Timeout') open.set(id, resource);
    },
    destroy: (id) => void open.delete(id),
  }).enable();
  const toMs = (timer: unknown) => (timer as { _idleTimeout?: number })._idleTimeout;
  return {
    count: (ms) => [...open.values()].filter((timer) => toMs(timer) === ms).length,
    [Symbol.dispose]: () => void hook.disable(),
  };
}

/** Node reports destroyed resources at the end of an event loop tick. */
const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the timer of a time limit', () => {
  it('ends with its promise, whether that resolves or rejects', async () => {
    using timers = watchTimers();

    expect(await within(61_001, Promise.resolve(1), 2)).toBe(1);
    await expect(within(61_001, Promise.reject(new Error('no')), 2)).rejects.toThrow('no');
    expect(await within(1, new Promise(() => {}), 2)).toBe(2);
    await endOfTurn();

    expect(timers.count(61_001)).toBe(0);
  });

  it('of a callback ends with its answer', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    using timers = watchTimers();

    for (let n = 0; n < 5; n += 1) {
      const { taskId } = await extend(gateway);
      await sandbox.complete(taskId);
    }
    await endOfTurn();

    expect(timers.count(4_500)).toBe(0);
  });
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startListener, toPause } from '../src/store/listener.ts';
import { createQueue } from './support/queue.ts';

describe('the listener for notifications', () => {
  it('pauses between attempts for a random time that grows up to a second', () => {
    for (const [attempts, most] of [
      [0, 150],
      [1, 300],
      [2, 600],
      [3, 1_000],
      [1_000, 1_000],
    ] as const) {
      const pauses = Array.from({ length: 200 }, () => toPause(attempts));

      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most / 2);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
      // They are spread over the whole range.
      expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(most / 4);
    }
  });

  it('reports a failure once, however many attempts fail, and stops at once', async () => {
    const attempts = createQueue<true>();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.destroy();
      attempts.push(true);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const errors: unknown[] = [];

    const listener = startListener(
      `postgres://user@127.0.0.1:${port}/none`,
      { size: 1, statementTimeoutMs: 1_000 },
      { onChange() {}, onConnect() {}, onError: (error) => errors.push(error) },
    );
    for (let n = 0; n < 4; n += 1) await attempts.next();
    await listener.close();
    server.close();

    expect(errors).toHaveLength(1);
  });
});

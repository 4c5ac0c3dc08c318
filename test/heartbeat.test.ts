import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startHeartbeat } from '../src/server/websocket/heartbeat.ts';

/** Real sockets, and a heart that beats more quickly than the gateway's. */
async function start(everyMs: number) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const sockets = new WebSocketServer({ server: http });
  const heartbeat = startHeartbeat(sockets, everyMs);
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    async open(options: { autoPong: boolean }) {
      const socket = new WebSocket(url, options);
      await once(socket, 'open');
      return socket;
    },
    async [Symbol.asyncDispose]() {
      heartbeat.stop();
      for (const socket of sockets.clients) socket.terminate();
      http.close();
      await once(http, 'close');
    },
  };
}

describe('many sockets', () => {
  it('are not all pinged in one event loop tick', async () => {
    await using server = await start(500);
    const turns = new Map<number, number>();
    let turn = 0;
    let isOver = false;
    (function count() {
      turn += 1;
      if (!isOver) setImmediate(count);
    })();
    const pinged = Array.from({ length: 100 }, async () => {
      const socket = await server.open({ autoPong: true });
      await once(socket, 'ping');
      turns.set(turn, (turns.get(turn) ?? 0) + 1);
    });
    await Promise.all(pinged).finally(() => {
      isOver = true;
    });
    // Two of them are a slice.
    expect(Math.max(...turns.values())).toBeLessThan(20);
  });
});

describe('a socket whose client has disappeared', () => {
  it('is closed, and one that answers stays open', async () => {
    // Long enough for the answer of a machine that is busy.
    await using server = await start(1_500);
    const living = await server.open({ autoPong: true });
    const silent = await server.open({ autoPong: false });
    const pings: string[] = [];
    living.on('ping', () => pings.push('living'));

    await once(silent, 'close');
    await once(living, 'ping');
    await once(living, 'ping');

    expect(living.readyState).toBe(living.OPEN);
    expect(pings.length).toBeGreaterThanOrEqual(3);
  });
});

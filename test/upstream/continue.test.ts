import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { AnswerLostError } from '../../src/upstream/answer-lost.ts';
import { sendExtend } from '../../src/upstream/extend.ts';
import { EXTEND, failureOf, startClient } from './support.ts';

const BODY = JSON.stringify({ code: 200, data: { taskId: 'task-1' } });
const ACCEPTED = `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** A server that answers each request with these bytes, each piece in a packet of its own. */
async function startRawUpstream(pieces: readonly string[]) {
  const sockets = new Set<Socket>();
  let requests = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('data', async () => {
      requests += 1;
      for (const piece of pieces) {
        await new Promise((resolve) => socket.write(piece, resolve));
        // The client reads in between.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => ({ requests, connections: sockets.size }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('an unsolicited 100 Continue', () => {
  it.each<[string, string[]]>([
    ['before the answer', [CONTINUE + ACCEPTED]],
    ['in a packet of its own', [CONTINUE, ACCEPTED]],
    ['in pieces', [...CONTINUE, ...ACCEPTED.slice(0, 20), ACCEPTED.slice(20)]],
    ['with headers', [`HTTP/1.1 100 Continue\r\nserver: x\r\n\r\n${ACCEPTED}`]],
    ['without a reason', [`HTTP/1.1 100\r\n\r\n${ACCEPTED}`]],
    [
      'twice, and with other hints',
      [CONTINUE + CONTINUE, 'HTTP/1.1 102 Processing\r\n\r\n', ACCEPTED],
    ],
    ['not at all', [ACCEPTED]],
    ['not at all, in pieces', [...ACCEPTED.slice(0, 20), ACCEPTED.slice(20)]],
  ])('is skipped, %s, also on a kept connection', async (_name, pieces) => {
    await using upstream = await startRawUpstream(pieces);
    await using client = startClient(upstream.url);

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
    expect(await sendExtend(client, EXTEND)).toBe('task-1');

    expect(upstream.counts().requests).toBe(2);
  });

  it('without an answer after it is a lost answer', async () => {
    await using upstream = await startRawUpstream([CONTINUE]);
    await using client = startClient(upstream.url, { timeoutMs: 2_000 });

    expect(await failureOf(sendExtend(client, EXTEND))).toBeInstanceOf(AnswerLostError);
    expect(upstream.counts().requests).toBe(1);
  });
});

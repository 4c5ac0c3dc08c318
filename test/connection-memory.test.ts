/** What one connection can make the gateway keep in memory, in whatever state it is. */

import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument } from './generated/graphql.ts';
import { type ChildGateway, startChildGateway } from './support/child-gateway.ts';
import { makeFolder } from './support/folder.ts';
import {
  type BareConnection,
  openBareConnection,
  openBareSocket,
  toFragments,
  toFrame,
} from './support/frames.ts';
import { startGateway } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { scrape } from './support/scrape.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const MIB = 1024 * 1024;
const INIT = toFrame('text', { payload: '{"type":"connection_init"}' });
/** A close frame of the gateway, with the code 1008. */
const CLOSED_1008 = '\x03\xf0';
const JSON_TYPE = 'content-type: application/json\r\n';

/** A gateway in front of an upstream that nothing here may reach. */
async function start(env: Record<string, string> = {}) {
  const upstream = await startScriptedUpstream(() => {});
  const gateway = await startGateway(upstream, env);
  return {
    url: gateway.url,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await upstream.close();
    },
  };
}

/** The same as a separate process, whose memory can be measured. */
async function startMeasured() {
  const folder = await makeFolder();
  const sandbox = await startSandbox({ autoplay: false, rateLimit: null });
  const env = { UPSTREAM_REQUESTS: '1000' };
  const gateway = await startChildGateway({ folder: folder.path, upstreamUrl: sandbox.url, env });
  return {
    gateway,
    sandbox,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await sandbox[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** What has been kept since, of heap and buffers together: buffers are freed a little after a collection. */
async function grownSince(
  before: Awaited<ReturnType<ChildGateway['memory']>>,
  gateway: ChildGateway,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 10; look += 1) {
    const { heapUsed, arrayBuffers } = await gateway.memory();
    least = Math.min(least, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
  }
  return least;
}

/** Resolves when the gateway has read all that was sent, or has ended the connection. */
async function untilRead({ socket, until, closed }: BareConnection): Promise<void> {
  socket.write(toFrame('ping', { payload: 'read' }));
  await Promise.race([until('\x8a\x04read'), closed]);
}

describe('a WebSocket before the acknowledgement', () => {
  it('keeps little memory for one-byte fragments between 64 KiB pongs', async () => {
    await using parts = await startMeasured();
    const before = await parts.gateway.memory();
    const pong = toFrame('pong', { payload: 'x'.repeat(125) });
    const padding = Buffer.concat(Array.from({ length: 500 }, () => pong));
    const fragment = toFrame('continuation', { isLast: false, payload: 'x' });

    const connection = await openBareSocket(parts.gateway.url);
    connection.socket.write(toFrame('text', { isLast: false, payload: '{' }));
    for (let sent = 0; sent < 200; sent += 1) {
      connection.socket.write(padding);
      connection.socket.write(fragment);
    }
    await untilRead(connection);

    expect(await grownSince(before, parts.gateway)).toBeLessThan(4 * MIB);
  });

  it.each([
    ['too many fragments', toFragments('x'.repeat(200), 1)],
    ['a message that is too long', toFrame('text', { payload: '{}'.padEnd(17 * 1024, ' ') })],
    ['a message of more than 256 KiB', toFragments('x'.repeat(257 * 1024), 64 * 1024)],
    ['an invalid message', toFrame('text', { payload: 'nonsense' })],
    [
      'a subscribe',
      toFrame('text', {
        payload: '{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}',
      }),
    ],
    ['an invalid frame', Buffer.from([0xff, 0xff, 0xff])],
    ['too many pongs', Buffer.concat(Array.from({ length: 101 }, () => toFrame('pong')))],
  ])('is closed at once by %s, without waiting for the close handshake', async (_name, sent) => {
    await using running = await start();
    const connection = await openBareSocket(running.url);
    // No time passes, so that it is not the end of a wait.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });

    connection.socket.write(sent);
    await connection.closed;

    expect(connection.received).toContain('\x88');
    vi.useRealTimers();
    expect((await scrape(running)).get('longtake_sockets')).toBe(0);
  });

  it('is cut off after a second if the client keeps its side open', async () => {
    await using running = await start();
    const connection = await openBareSocket(running.url, { allowHalfOpen: true });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });

    connection.socket.write(toFrame('text', { payload: 'nonsense' }));
    await once(connection.socket, 'end');
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();

    expect((await scrape(running)).get('longtake_sockets')).toBe(0);
    connection.socket.destroy();
  });
});

describe('a WebSocket after the acknowledgement', () => {
  async function openReady(url: string): Promise<BareConnection> {
    const connection = await openBareSocket(url);
    connection.socket.write(INIT);
    await connection.until('connection_ack');
    return connection;
  }

  it('accepts the longest message in frames of 4 KiB, as clients in Go send it', async () => {
    await using running = await start();
    const connection = await openReady(running.url);
    const message = { type: 'subscribe', id: '1', payload: { query: '{ __typename }' } };

    connection.socket.write(toFragments(JSON.stringify(message).padEnd(256 * 1024, ' '), 4 * 1024));

    await connection.until('"__typename":"Query"');
    connection.socket.destroy();
  });

  it('is closed with 1008 above the limit of fragments', async () => {
    await using running = await start();
    const connection = await openReady(running.url);

    connection.socket.write(toFragments('x'.repeat(200), 1));

    await connection.until(CLOSED_1008);
    connection.socket.destroy();
  });

  it('is closed with 1008 above 100 pings and pongs in 12 s', async () => {
    await using running = await start();
    const connection = await openReady(running.url);

    connection.socket.write(Buffer.concat(Array.from({ length: 50 }, () => toFrame('pong'))));
    await untilRead(connection);
    connection.socket.write(Buffer.concat(Array.from({ length: 51 }, () => toFrame('pong'))));

    await connection.closed;
    expect(connection.received).toContain(`${CLOSED_1008}Too many pings`);
  });

  it('is closed with 1008 by a frame in more than 1,024 pieces', async () => {
    await using running = await start();
    const connection = await openReady(running.url);
    connection.socket.setNoDelay(true);
    let isOver = false;
    connection.closed.then(() => {
      isOver = true;
    });

    const frame = toFrame('text', { payload: 'x'.repeat(10_000) });
    for (let at = 0; at < frame.length - 1 && !isOver; at += 1) {
      connection.socket.write(frame.subarray(at, at + 1));
      // The gateway has read this byte when it answers what was sent after it.
      await fetch(`${running.url}/health`);
    }

    await connection.until(CLOSED_1008);
    connection.socket.destroy();
  });
});

describe('a client that never reads its stream', () => {
  const CLIENTS = 20;
  const FIELDS = Array.from({ length: 30 }, (_, index) => `p${index}: prompt`).join(' ');

  /** Begins to read the log from the cursor, and then reads nothing of what comes. */
  const WAYS: Record<string, (url: string, query: string) => Promise<BareConnection>> = {
    async 'server-sent events'(url, query) {
      const connection = openBareConnection(url);
      connection.socket.pause();
      const body = JSON.stringify({ query });
      connection.socket.write(
        `POST /graphql HTTP/1.1\r\nhost: ${new URL(url).host}\r\naccept: text/event-stream\r\n${JSON_TYPE}content-length: ${body.length}\r\n\r\n${body}`,
      );
      return connection;
    },
    async 'a WebSocket'(url, query) {
      const connection = await openBareSocket(url);
      connection.socket.write(INIT);
      await connection.until('connection_ack');
      connection.socket.pause();
      const message = { type: 'subscribe', id: '1', payload: { query } };
      connection.socket.write(toFragments(JSON.stringify(message), 64 * 1024));
      return connection;
    },
  };

  it.each(Object.entries(WAYS))('uses less than 1 MiB: %s', async (_name, open) => {
    await using parts = await startMeasured();
    const { gateway, sandbox } = parts;
    let cursor = '';
    for (let index = 0; index <= 100; index += 1) {
      const input = { ...INPUT, prompt: `${index}`.padEnd(1_800, 'x') };
      const { data } = await gateway.graphql(ExtendDocument, { input });
      if (data.extendVideo.__typename !== 'ExtendVideoSuccess') throw new Error(`${index}`);
      cursor ||= data.extendVideo.cursor;
      await sandbox.complete(data.extendVideo.video.taskId ?? '');
    }
    const query = `subscription { videoExtended(after: "${cursor}") { video { ${FIELDS} } } }`;

    // What the first one needs is loaded once.
    const connections = [await open(gateway.url, query)];
    await untilStalled(gateway);
    const before = await gateway.memory();
    for (let index = 0; index < CLIENTS; index += 1) {
      connections.push(await open(gateway.url, query));
    }
    await untilStalled(gateway);

    expect((await grownSince(before, gateway)) / CLIENTS).toBeLessThan(MIB);
    for (const { socket } of connections) socket.destroy();
  });

  /** Until no more events are made: the system's buffers are full. */
  async function untilStalled(gateway: { url: string }): Promise<void> {
    for (let last = -1, same = 0; same < 20; ) {
      const { counted } = await scrape(gateway);
      const made = Object.values(counted('longtake_events_total'))[0] ?? 0;
      same = made > 0 && made === last ? same + 1 : 0;
      last = made;
    }
  }
});

describe('a client that sends requests and never reads an answer', () => {
  it('is disconnected above 64 on one connection', async () => {
    await using running = await start();
    const connection = openBareConnection(running.url);
    connection.socket.pause();

    connection.socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(1_000));
    // Only who reads learns of the end.
    await fetch(`${running.url}/health`);
    connection.socket.resume();

    await connection.closed;
  });

  it('gets the answers to a few pipelined requests in order', async () => {
    await using running = await start();
    const connection = openBareConnection(running.url);

    for (let index = 0; index < 32; index += 1) {
      connection.socket.write(
        `GET /health HTTP/1.1\r\nhost: localhost\r\nx-request-id: ${index}\r\n\r\n`,
      );
    }
    await connection.until('x-request-id: 31');

    const ids = connection.received.matchAll(/x-request-id: (\d+)/g).map(([, id]) => Number(id));
    expect([...ids]).toEqual(Array.from({ length: 32 }, (_, index) => index));
    connection.socket.destroy();
  });
});

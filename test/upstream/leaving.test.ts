import { once } from 'node:events';
import { type AddressInfo, createServer, connect as openSocket, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayUnavailableError, UpstreamUnreachableError } from '../../src/errors.ts';
import { AnswerLostError } from '../../src/upstream/answer-lost.ts';
import { sendExtend } from '../../src/upstream/extend.ts';
import { answerJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { EXTEND, failureOf, startClient } from './support.ts';

const accepted = { code: 200, msg: 'success', data: { taskId: 'task-1' } };

/** A TCP server that accepts connections and never says a word. */
async function startSilence() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connected: once(server, 'connection'),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A closed port. */
async function findClosedPort(): Promise<number> {
  const silence = await startSilence();
  await silence[Symbol.asyncDispose]();
  return silence.port;
}

describe('an upstream that is not reached', () => {
  it('because it refuses the connection', async () => {
    await using client = startClient(`http://127.0.0.1:${await findClosedPort()}`);

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    expect(error).toMatchObject({ retryable: true, cause: { code: 'ECONNREFUSED' } });
  });

  it('because its host has no address', async () => {
    await using client = startClient('http://upstream.invalid');

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    expect(error).toHaveProperty('cause', expect.any(Error));
  });

  it('because it does not speak TLS', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    await using client = startClient(upstream.url.replace('http:', 'https:'));

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    expect(upstream.requests).toEqual([]);
  });

  it('because the client is closed', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    await using client = startClient(upstream.url);
    await client.close();

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(error).toBeInstanceOf(UpstreamUnreachableError);
    expect(upstream.requests).toEqual([]);
  });
});

describe('a connection that fails after the request has left', () => {
  it('is a lost answer when a kept connection turns out to be stale, without a second request', async () => {
    await using upstream = await startScriptedUpstream((_, response, socket) => {
      if (upstream.requests.length === 1) answerJson(response, accepted);
      else socket.resetAndDestroy();
    });
    await using client = startClient(upstream.url);
    await sendExtend(client, EXTEND);

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(error).toBeInstanceOf(AnswerLostError);
    expect(upstream.requests).toHaveLength(2);
  });

  it('ends only its own call: the next one uses a new connection', async () => {
    await using upstream = await startScriptedUpstream((_, response, socket) => {
      if (upstream.requests.length === 1) socket.resetAndDestroy();
      else answerJson(response, accepted);
    });
    await using client = startClient(upstream.url);
    await failureOf(sendExtend(client, EXTEND));

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
  });
});

// The deadline is let pass by hand, at a moment that an event has named: a slow machine changes nothing.
describe('the deadline', () => {
  const timeoutMs = 5000;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('loses the answer of a request that has left', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using client = startClient(upstream.url, { timeoutMs });

    const failure = failureOf(sendExtend(client, EXTEND));
    await upstream.nextRequest();
    vi.advanceTimersByTime(timeoutMs);

    expect(await failure).toBeInstanceOf(AnswerLostError);
    expect(upstream.requests).toHaveLength(1);
  });

  it('accepts an answer that is already in the socket', async () => {
    await using upstream = await startScriptedUpstream((_, response) => {
      answerJson(response, accepted);
      // As in a process that was paused: its timers run before it reads its sockets.
      vi.advanceTimersByTime(timeoutMs);
    });
    await using client = startClient(upstream.url, { timeoutMs });

    expect(await sendExtend(client, EXTEND)).toBe('task-1');
  });

  it('loses an answer of which only the headers are in the socket', async () => {
    await using upstream = await startScriptedUpstream((_, response) => {
      response.writeHead(200).flushHeaders();
      vi.advanceTimersByTime(timeoutMs);
    });
    await using client = startClient(upstream.url, { timeoutMs });

    expect(await failureOf(sendExtend(client, EXTEND))).toBeInstanceOf(AnswerLostError);
  });

  it('covers the body', async () => {
    const begun = Promise.withResolvers<void>();
    await using upstream = await startScriptedUpstream((_, response) => {
      response.writeHead(200).write('{"code":200,"data":', () => begun.resolve());
    });
    await using client = startClient(upstream.url, { timeoutMs });

    const failure = failureOf(sendExtend(client, EXTEND));
    await begun.promise;
    vi.advanceTimersByTime(timeoutMs);

    expect(await failure).toBeInstanceOf(AnswerLostError);
  });

  it('closes the connection of a request that has left', async () => {
    const hungUp = Promise.withResolvers<void>();
    await using upstream = await startScriptedUpstream((_, _response, socket) => {
      socket.on('close', () => hungUp.resolve());
    });
    await using client = startClient(upstream.url, { timeoutMs });

    const failure = failureOf(sendExtend(client, EXTEND));
    await upstream.nextRequest();
    vi.advanceTimersByTime(timeoutMs);
    await failure;

    await hungUp.promise;
  });

  it('reports a TLS handshake without an answer as unreachable', async () => {
    await using silence = await startSilence();
    await using client = startClient(`https://127.0.0.1:${silence.port}`, { timeoutMs });

    const failure = failureOf(sendExtend(client, EXTEND));
    await silence.connected;
    vi.advanceTimersByTime(timeoutMs);

    expect(await failure).toBeInstanceOf(UpstreamUnreachableError);
  });

  it('prevents a request that was abandoned while connecting from leaving later', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    const attempted = Promise.withResolvers<() => Socket>();
    await using client = startClient(upstream.url, {
      timeoutMs,
      connect: ({ port }, done) =>
        attempted.resolve(() => {
          const socket = openSocket(Number(port), '127.0.0.1');
          return socket.once('connect', () => done(null, socket));
        }),
    });

    const failure = failureOf(sendExtend(client, EXTEND));
    const letThrough = await attempted.promise;
    vi.advanceTimersByTime(timeoutMs);
    expect(await failure).toBeInstanceOf(UpstreamUnreachableError);
    const socket = letThrough();
    // The connection is open now; it is either dropped unused, or the request leaves.
    const dropped = new Promise((resolve) => socket.on('close', resolve));
    await Promise.race([dropped, upstream.nextRequest()]);

    expect(upstream.requests).toEqual([]);
  });

  it('prevents a request from leaving on a connection that opens before its timer has run', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    // The timer is never run; the deadline passes all the same.
    await using client = startClient(upstream.url, {
      timeoutMs: 1,
      connect: ({ port }, done) => {
        const begun = performance.now();
        while (performance.now() < begun + 5);
        const socket = openSocket(Number(port), '127.0.0.1');
        return socket.once('connect', () => done(null, socket));
      },
    });

    expect(await failureOf(sendExtend(client, EXTEND))).toBeInstanceOf(UpstreamUnreachableError);
    expect(upstream.requests).toEqual([]);
  });

  it('prevents a submit from leaving if its time is over when its connection opens', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, accepted),
    );
    let isOver = false;
    const left = vi.fn();
    await using client = startClient(upstream.url, {
      timeoutMs,
      connect: ({ port }, done) => {
        const socket = openSocket(Number(port), '127.0.0.1');
        return socket.once('connect', () => {
          isOver = true;
          done(null, socket);
        });
      },
    });

    const leaving = { onLeft: left, isTooLate: () => isOver };
    const error = await failureOf(sendExtend(client, EXTEND, leaving));

    expect(error).toBeInstanceOf(GatewayUnavailableError);
    expect(error).toMatchObject({ retryable: true });
    isOver = false;
    await sendExtend(client, { ...EXTEND, prompt: 'later' });
    expect(upstream.requests).toHaveLength(1);
    expect(left).not.toHaveBeenCalled();
  });

  it('prevents a request that was abandoned in the queue from leaving later', async () => {
    let hold = true;
    const held = Promise.withResolvers<void>();
    await using upstream = await startScriptedUpstream((_, response) => {
      if (!hold) answerJson(response, accepted);
      else if (upstream.requests.length === 32) held.resolve();
    });
    await using client = startClient(upstream.url, { timeoutMs });

    const sent = Array.from({ length: 32 }, () => failureOf(sendExtend(client, EXTEND)));
    const queued = failureOf(sendExtend(client, { ...EXTEND, prompt: 'queued' }));
    await held.promise;
    vi.advanceTimersByTime(timeoutMs);
    hold = false;

    for (const failure of sent) expect(await failure).toBeInstanceOf(AnswerLostError);
    expect(await queued).toBeInstanceOf(UpstreamUnreachableError);
    // The queue is first in, first out: a later request has not overtaken this one.
    await sendExtend(client, { ...EXTEND, prompt: 'later' });
    const prompts = upstream.requests.map((request) => request.json()).slice(32);
    expect(prompts).toEqual([expect.objectContaining({ prompt: 'later' })]);
  });
});

describe('close', () => {
  it('waits for the answer to a payment in flight', async () => {
    const release = Promise.withResolvers<void>();
    await using upstream = await startScriptedUpstream(async (_, response) => {
      await release.promise;
      answerJson(response, accepted);
    });
    await using client = startClient(upstream.url);

    const taskId = sendExtend(client, EXTEND);
    await upstream.nextRequest();
    const closed = client.close();
    release.resolve();

    expect(await taskId).toBe('task-1');
    await closed;
  });
});

/** What goes wrong around `longtake/client`: storages, streams and signals. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type ClientStorage,
  createClient,
  type LongtakeError,
  type Video,
} from '../client/index.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startLine } from './browser/support/line.ts';
import { countSubmits, createStorage, nextTask, toClient } from './support/client.ts';
import { startGateway } from './support/gateway.ts';

const ORIGINAL = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' } as const;

const isStream = (init: RequestInit) =>
  new Headers(init.headers).get('accept') === 'text/event-stream';

/** Fails as `localStorage` does when it is full, or as a database does that is away. */
function breakStorage(storage: ClientStorage, fails: (name: string, value?: string) => boolean) {
  const full = new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  const broken = { ...storage } as ClientStorage;
  broken.getItem = (name) => storage.getItem(name);
  broken.keys = () => Object.keys(storage);
  broken.setItem = (name, value) => {
    if (fails(name, value)) throw full;
    return storage.setItem(name, value);
  };
  broken.removeItem = (name) => {
    if (fails(name)) throw full;
    return storage.removeItem(name);
  };
  return broken;
}

describe('a storage', () => {
  it('that is full refuses a submit before it is sent', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, { storage: breakStorage(createStorage(), () => true) });

    const error: LongtakeError = await client.generateVideo(ORIGINAL).catch((thrown) => thrown);

    expect(error).toMatchObject({
      name: 'LongtakeError',
      code: 'STORAGE_FAILED',
      retryable: false,
      cause: { name: 'QuotaExceededError' },
    });
    expect(countSubmits(sandbox)).toBe(0);
  });

  it('that fills up after the submit loses neither the video nor the payment', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    let isFull = false;
    const broken = breakStorage(storage, () => isFull);
    const { setItem } = broken;
    broken.setItem = async (name, value) => {
      await setItem(name, value);
      isFull = true;
    };

    const making = toClient(gateway, { storage: broken }).generateVideo(ORIGINAL);
    await sandbox.complete(await nextTask(sandbox));
    const video = await making;
    isFull = false;
    const [pending] = await toClient(gateway, { storage }).pending();
    const again = await pending?.resume();

    expect(video.state).toBe('SUCCEEDED');
    expect(again?.id).toBe(video.id);
    expect(countSubmits(sandbox)).toBe(1);
  });

  it('with an item that nobody can read still shows the others', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const leaving = new AbortController();
    const left = toClient(gateway, { storage }).generateVideo(ORIGINAL, { signal: leaving.signal });
    await nextTask(sandbox);
    leaving.abort();
    await left.catch(() => {});
    await storage.setItem('longtake.submit.cut-off', '{"operation":"generateVideo","inp');
    await storage.setItem(
      'longtake.submit.newer',
      '{"operation":"remixVideo","input":{"idempotencyKey":"newer"},"startedAt":1,"id":null}',
    );

    const pending = await toClient(gateway, { storage }).pending();

    expect(pending).toMatchObject([{ operation: 'generateVideo' }]);
    expect(storage.getItem('longtake.submit.newer')).not.toBeNull();
  });

  it('that is full ends the completions with a typed error', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, { storage: breakStorage(createStorage(), () => true) });

    const next = client.completions().next();

    await expect(next).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

describe('an event stream', () => {
  const EMPTY = { headers: { 'content-type': 'text/event-stream' } };

  it.each([
    ['ends without an event', () => new Response('', EMPTY)],
    ['ends within an event', () => new Response('event: next\ndata: {"data":{"made":{"sta', EMPTY)],
    [
      'is not one',
      () =>
        new Response('<p>Welcome to the hotel</p>', { headers: { 'content-type': 'text/html' } }),
    ],
  ])('that %s is replaced by reading', async (_case, answer) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    let streams = 0;
    const client = toClient(gateway, {
      async fetch(url: string, init: RequestInit) {
        if (!isStream(init)) return fetch(url, init);
        streams += 1;
        return answer();
      },
    });

    const making = client.generateVideo(ORIGINAL);
    const taskId = await nextTask(sandbox);
    await expect.poll(() => streams).toBeGreaterThan(0);
    await sandbox.complete(taskId);

    expect((await making).state).toBe('SUCCEEDED');
    expect(streams).toBeLessThan(5);
  });

  it('that is held back by a proxy is replaced by reading, for completions too', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const client = toClient(gateway, {
      storage: createStorage(),
      fetch: (url: string, init: RequestInit) =>
        isStream(init) ? Promise.resolve(new Response('', EMPTY)) : fetch(url, init),
    });
    const seen: string[] = [];

    const making = [client.generateVideo(ORIGINAL), client.generateVideo(ORIGINAL)];
    for (const _ of making) await sandbox.complete(await nextTask(sandbox));
    const made = await Promise.all(making);
    for await (const { video } of client.completions()) {
      if (seen.push(video.id) === 2) break;
    }

    expect(seen.sort()).toEqual(made.map(({ id }) => id).sort());
  });

  it('that is cut after its first event is opened more and more slowly', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const leaving = new AbortController();
    const waits: number[] = [];
    let state = '';
    const client = toClient(gateway, {
      async fetch(url: string, init: RequestInit) {
        const response = await fetch(url, init);
        if (!isStream(init)) return response;
        const reader = response.body?.getReader();
        const first = await reader?.read();
        await reader?.cancel();
        return new Response(first?.value, response);
      },
    });

    const making = client.generateVideo(ORIGINAL, {
      signal: leaving.signal,
      // A new state begins the waits from the shortest again.
      onUpdate(video) {
        if (video.state !== state) waits.length = 0;
        state = video.state;
      },
      onRetry(_error, seconds) {
        if (waits.push(seconds) === 5) leaving.abort();
      },
    });
    await nextTask(sandbox);
    await making.catch(() => {});

    expect(leaving.signal.aborted).toBe(true);
    // The first one may have been before the first state that was read.
    expect(waits[4]).toBeGreaterThan((waits[1] ?? 0) * 3);
  });

  it('that is cut again and again delivers the end', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await using line = await startLine(gateway.url);
    const states: string[] = [];
    let cuts = 0;
    const ended = Promise.withResolvers<void>();

    const making = toClient(line).generateVideo(ORIGINAL, {
      onUpdate({ state }: Video) {
        states.push(state);
        if (cuts === 0) line.cut();
      },
      onRetry() {
        cuts += 1;
        if (cuts === 3) ended.resolve();
      },
    });
    const taskId = await nextTask(sandbox);
    await ended.promise;
    await sandbox.complete(taskId);
    line.mend();

    expect((await making).state).toBe('SUCCEEDED');
    expect(states).toEqual(['WAITING', 'SUCCEEDED']);
    expect(countSubmits(sandbox)).toBe(1);
  });
});

describe('an address', () => {
  it.each([
    ['/graphql', 'Failed to parse URL'],
    ['localhost:4000/graphql', 'it is not http or https'],
    [undefined, 'Failed to parse URL'],
  ])('that no request can have ends the call: %s', async (url, reason) => {
    const storage = createStorage();
    const client = createClient({ url: url as string, storage });

    const making = client.generateVideo(ORIGINAL);

    await expect(making).rejects.toMatchObject({ code: 'NO_ANSWER', retryable: false });
    await expect(making).rejects.toThrow(reason);
  });

  it('that redirects to something else ends the call, and says to what', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    // As from http to https: fetch makes a GET of the POST.
    const target = `${gateway.url}/health`;
    const server = createServer((_, response) => {
      response.writeHead(301, { location: target }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const making = toClient({ url: `http://127.0.0.1:${port}` }).generateVideo(ORIGINAL);

    await expect(making).rejects.toMatchObject({ code: 'NO_ANSWER', retryable: false });
    await expect(making).rejects.toThrow(target);
    server.close();
  });

  it('with a token that no header can contain ends the call', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);

    const making = toClient(gateway, { token: () => 'to\nken' }).generateVideo(ORIGINAL);

    await expect(making).rejects.toMatchObject({ code: 'NO_ANSWER', retryable: false });
  });
});

describe('a signal', () => {
  it('that is aborted before anything is sent leaves nothing behind', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const storage = createStorage();
    const client = toClient(gateway, { storage });
    const early = AbortSignal.abort();
    const late = new AbortController();

    const first = client.generateVideo(ORIGINAL, { signal: early });
    const second = client.generateVideo(ORIGINAL, { signal: late.signal });
    late.abort();

    await expect(first).rejects.toBe(early.reason);
    await expect(second).rejects.toBe(late.signal.reason);
    expect(Object.keys(storage)).toEqual([]);
    expect(countSubmits(sandbox)).toBe(0);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'ends a call at once, after %i requests or waits',
    async (count) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const leaving = new AbortController();
      const { signal } = leaving;
      let steps = 0;
      const step = () => {
        steps += 1;
        if (steps === count) leaving.abort();
      };
      const client = toClient(gateway, {
        storage: createStorage(),
        token: () => void step(),
        async fetch(url: string, init: RequestInit) {
          step();
          if (isStream(init)) throw new TypeError('fetch failed');
          return fetch(url, init);
        },
      });

      const making = client.generateVideo(ORIGINAL, { signal, onUpdate: step, onRetry: step });

      const error = await making.catch((thrown) => thrown);
      expect(signal.aborted).toBe(true);
      expect(error).toBe(signal.reason);
      await turn();
      const after = steps;
      await turn();
      expect(steps).toBe(after);
    },
  );

  it('ends completions without an error, and cancelSequence with the reason', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const signal = AbortSignal.abort();
    const client = toClient(gateway);

    expect(await client.completions({ signal }).next()).toEqual({ done: true, value: undefined });
    await expect(client.cancelSequence('sequence', { signal })).rejects.toBe(signal.reason);
  });
});

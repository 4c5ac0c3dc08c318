/** Clocks that differ: the same token is accepted, and ends, at the same moment on every transport. */

import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTokenVerifier } from '../src/auth/tokens.ts';
import { readConfig } from '../src/config.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { OnExtendedDocument } from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { openRawSocket } from './support/socket.ts';
import { bearerOf, type Claims, inSeconds, JWT_ENV } from './support/tokens.ts';
import { openWays, WAY_NAMES } from './support/ways.ts';

const TYPENAME = { document: '{ __typename }' };

async function start(toleranceS: string) {
  const sandbox = await startSandbox({ autoplay: false });
  const gateway = await startGateway(sandbox, {
    ...JWT_ENV,
    AUTH_CLOCK_TOLERANCE_S: toleranceS,
  });
  return {
    sandbox,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await sandbox[Symbol.asyncDispose]();
    },
  };
}

describe('AUTH_CLOCK_TOLERANCE_S', () => {
  it('is 5 by default', () => {
    expect(readConfig({ APIKLEY_API_KEY: 'key' }).AUTH_CLOCK_TOLERANCE_S).toBe(5);
  });

  it.each<[string, Claims]>([
    ['has ended by our clock', { exp: inSeconds(-300) }],
    ['has not begun by our clock', { nbf: inSeconds(300) }],
  ])(
    'accepts a token on every transport that %s, and keeps its streams open',
    async (_name, claims) => {
      await using parts = await start('3600');
      const authorization = bearerOf('alice', claims);
      const caller = parts.gateway.as(authorization);
      const { taskId } = await extend(caller);

      const ways = await openWays(parts.gateway, authorization);
      const socket = await caller.socket();
      const overSocket = socket.subscribe(OnExtendedDocument, { taskId });
      const overSse = await caller.sse(OnExtendedDocument, { taskId });
      for (const way of WAY_NAMES) {
        expect([way, await ways[way](TYPENAME)]).toEqual([way, expect.stringContaining('Query')]);
      }
      await parts.sandbox.complete(taskId);

      for (const stream of [overSocket, overSse]) {
        expect((await stream.next())?.data.videoExtended.video.taskId).toBe(taskId);
      }
    },
  );

  it.each<[string, string, Claims]>([
    ['that ended before', '60', { exp: inSeconds(-3_600) }],
    ['that begins after', '60', { nbf: inSeconds(3_600) }],
    ['that has ended, where it is 0', '0', { exp: inSeconds(-1) }],
  ])('refuses a token on every transport %s', async (_name, toleranceS, claims) => {
    await using parts = await start(toleranceS);
    const authorization = bearerOf('alice', claims);
    const socket = await openRawSocket(parts.gateway.url);

    socket.send({ type: 'connection_init', payload: { Authorization: authorization } });

    expect(await socket.closed).toBe(4403);
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await fetch(`${parts.gateway.url}/graphql?query={__typename}`, {
        headers: { accept, authorization },
      });
      expect([accept, response.status]).toEqual([accept, 401]);
    }
  });

  it('ends sockets and streams when it has passed, and not before', async () => {
    await using parts = await start('6');
    const exp = inSeconds(-2);
    const caller = parts.gateway.as(bearerOf('alice', { exp }));

    const socket = await caller.socket();
    const stream = await caller.sse(OnExtendedDocument, {});

    expect(await socket.closed).toBe(4403);
    // Timers can fire a few milliseconds early.
    expect(Date.now()).toBeGreaterThan((exp + 6) * 1_000 - 50);
    const last = (await stream.rest()).at(-1);
    expect(last?.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('gives every token an end that matches its verification', async () => {
    const config = readConfig({ APIKLEY_API_KEY: 'key', ...JWT_ENV });
    const verify = createTokenVerifier(config, pino({ level: 'silent' }));
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });

    for (const exp of [1_000, 1_000.5]) {
      const token = bearerOf('alice', { exp }).replace('Bearer ', '');
      for (let now = 1_003_000; now <= 1_008_000; now += 250) {
        vi.setSystemTime(now);
        const identity = await verify?.(token).catch(() => null);
        expect([exp, now, identity ? identity.expiresAt : 0]).toEqual([
          exp,
          now,
          identity ? Math.ceil(exp + 5) * 1_000 : 0,
        ]);
        expect([exp, now, identity !== null]).toEqual([exp, now, now < Math.ceil(exp + 5) * 1_000]);
      }
    }
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { createServer, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { exportJWK, exportSPKI } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ReadVideosDocument } from './generated/graphql.ts';
import { readCallbackUrl } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.ts';
import { openRawSocket } from './support/socket.ts';
import {
  AUDIENCE,
  bearerOf,
  type Claims,
  createSigningKey,
  ISSUER,
  inSeconds,
  JWT_ENV,
  JWT_SECRET,
  type JwksServer,
  type SigningKey,
  signAnything,
  startJwks,
  toClaims,
  toPart,
} from './support/tokens.ts';

const QUERY = '{ __typename }';
const SUBSCRIPTION = 'subscription { videoExtended { cursor } }';

/** Each way in, and what comes of it: the HTTP status with code and challenge, or the close code. */
type Outcomes = Record<string, string | number>;

const REFUSED: Outcomes = {
  POST: '401 UNAUTHENTICATED Bearer',
  GET: '401 UNAUTHENTICATED Bearer',
  'SSE by POST': '401 UNAUTHENTICATED Bearer',
  'SSE by GET': '401 UNAUTHENTICATED Bearer',
  'WebSocket by parameters': 4403,
  'WebSocket by header': 4403,
};
const ADMITTED: Outcomes = {
  POST: '200',
  GET: '200',
  'SSE by POST': '200',
  'SSE by GET': '200',
  'WebSocket by parameters': 'connection_ack',
  'WebSocket by header': 'connection_ack',
};

/** Knocks at every originCheck with one `Authorization`; none: without any. */
async function knock(url: string, authorization?: string): Promise<Outcomes> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const json = { ...headers, 'content-type': 'application/json' };
  const stream = { accept: 'text/event-stream' };
  const post = (query: string, more = {}) =>
    ask(url, { method: 'POST', headers: { ...json, ...more }, body: JSON.stringify({ query }) });
  const get = (query: string, more = {}) =>
    ask(`${url}/graphql?${new URLSearchParams({ query })}`, { headers: { ...headers, ...more } });
  return {
    POST: await post(QUERY),
    GET: await get(QUERY),
    'SSE by POST': await post(SUBSCRIPTION, stream),
    'SSE by GET': await get(SUBSCRIPTION, stream),
    'WebSocket by parameters': await connectTo(
      url,
      {},
      authorization === undefined ? {} : { Authorization: authorization },
    ),
    'WebSocket by header': await connectTo(url, headers, undefined),
  };
}

async function ask(url: string, init: RequestInit): Promise<string> {
  const leaving = new AbortController();
  const target = url.includes('?') ? url : `${url}/graphql`;
  const response = await fetch(target, { ...init, signal: leaving.signal });
  const { status, headers } = response;
  if (status === 200) {
    leaving.abort();
    return '200';
  }
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  const challenge = headers.get('www-authenticate');
  return [status, errors[0]?.extensions.code, challenge].filter(Boolean).join(' ');
}

async function connectTo(
  url: string,
  headers: Record<string, string>,
  payload: unknown,
): Promise<string | number> {
  const socket = await openRawSocket(url, { headers });
  socket.send({ type: 'connection_init', payload });
  const answer = await socket.next();
  socket.socket.close();
  return answer?.type ?? (await socket.closed);
}

/** A server that must get no request. */
async function startTrap() {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const HS256 = { alg: 'HS256', typ: 'JWT' };
const withClaims = (changes: Claims) => signAnything(HS256, toClaims(changes));
const unsigned = (alg: string) => `${toPart({ alg })}.${toPart(toClaims())}.`;

/** Everything here is refused whatever kind of key is configured. */
const MADE_UP: Record<string, () => string | undefined> = {
  'no Authorization at all': () => undefined,
  'an empty one': () => '',
  'Basic and a good token': () => bearerOf('alice').replace('Bearer', 'Basic'),
  'Basic and a password': () => `Basic ${Buffer.from('alice:secret').toString('base64')}`,
  'a bare token': () => bearerOf('alice').slice('Bearer '.length),
  'Bearer and nothing': () => 'Bearer',
  'Bearer and spaces': () => 'Bearer    ',
  'two tokens in one header': () => `${bearerOf('alice')}, ${bearerOf('alice')}`,
  'no token': () => 'Bearer nonsense',
  'dots alone': () => 'Bearer ..',
  'the empty object thrice': () => 'Bearer e30.e30.e30',
  'five parts, as of an encrypted token': () => 'Bearer e30.e30.e30.e30.e30',
  'an oversized one': () => `Bearer ${'a'.repeat(12_000)}`,
  'alg none': () => `Bearer ${unsigned('none')}`,
  'alg None': () => `Bearer ${unsigned('None')}`,
  'alg nOnE': () => `Bearer ${unsigned('nOnE')}`,
  'alg none with a signature': () => `Bearer ${signAnything({ alg: 'none' }, toClaims())}`,
  'no alg': () => `Bearer ${signAnything({ typ: 'JWT' }, toClaims())}`,
  'alg as a list': () => `Bearer ${signAnything({ alg: ['HS256'] }, toClaims())}`,
  'a wrong key': () => `Bearer ${signAnything(HS256, toClaims(), 'x'.repeat(40))}`,
};

const TAMPERED: Record<string, () => string> = {
  'HS384 under the same secret': () =>
    signAnything({ alg: 'HS384' }, toClaims(), JWT_SECRET, 'sha384'),
  'HS512 under the same secret': () =>
    signAnything({ alg: 'HS512' }, toClaims(), JWT_SECRET, 'sha512'),
  'RS256 in the header, signed with the secret': () => signAnything({ alg: 'RS256' }, toClaims()),
  'a signature taken off': () => withClaims({}).replace(/[^.]*$/, ''),
  'a signature cut short': () => withClaims({}).slice(0, -8),
  'another subject under the old signature': () => {
    const [header, , signature] = withClaims({}).split('.');
    return `${header}.${toPart(toClaims({ sub: 'bob' }))}.${signature}`;
  },
  expired: () => withClaims({ exp: inSeconds(-60) }),
  'expired long ago': () => withClaims({ exp: 1 }),
  'not yet valid': () => withClaims({ nbf: inSeconds(600) }),
  'no exp': () => withClaims({ exp: undefined }),
  'exp null': () => withClaims({ exp: null }),
  'exp as text': () => withClaims({ exp: String(inSeconds(600)) }),
  'no sub': () => withClaims({ sub: undefined }),
  'sub empty': () => withClaims({ sub: '' }),
  'sub null': () => withClaims({ sub: null }),
  'sub a fraction': () => withClaims({ sub: 7.5 }),
  'sub beyond what a number holds': () => withClaims({ sub: 2 ** 53 }),
  'sub true': () => withClaims({ sub: true }),
  'sub a list': () => withClaims({ sub: ['alice'] }),
  'sub an object': () => withClaims({ sub: { toString: 'alice' } }),
  'sub of half a character': () => withClaims({ sub: '\ud800' }),
  'sub with NUL': () => withClaims({ sub: 'alice\0' }),
  'sub of 256 characters': () => withClaims({ sub: 'a'.repeat(256) }),
  'a wrong audience': () => withClaims({ aud: 'another' }),
  'no audience': () => withClaims({ aud: undefined }),
  'a list of wrong audiences': () => withClaims({ aud: ['another', `${AUDIENCE}2`] }),
  'a wrong issuer': () => withClaims({ iss: 'https://evil.example.net' }),
  'an issuer that begins like ours': () => withClaims({ iss: `${ISSUER}.evil.example.net` }),
  'no issuer': () => withClaims({ iss: undefined }),
  'kid of a path, signed with what is there': () =>
    signAnything({ ...HS256, kid: '../../../../../../dev/null' }, toClaims(), ''),
  'kid of a statement, signed with what it selects': () =>
    signAnything({ ...HS256, kid: "x' union select 'key' --" }, toClaims(), 'key'),
  'kid of the prototype': () => signAnything({ ...HS256, kid: '__proto__' }, toClaims(), '{}'),
  'an unknown critical header': () => signAnything({ ...HS256, crit: ['exp'], exp: 1 }, toClaims()),
  'a payload that is not encoded': () =>
    signAnything({ ...HS256, b64: false, crit: ['b64'] }, toClaims()),
  'a payload that is no object': () => signAnything(HS256, ['alice'] as unknown as Claims),
};

describe('tokens signed with AUTH_JWT_SECRET', () => {
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => {});
    gateway = await startGateway(upstream, JWT_ENV);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream.close();
  });

  it('are accepted on every transport, whatever the case of the scheme', async () => {
    expect(await knock(gateway.url, bearerOf('alice'))).toEqual(ADMITTED);
    expect(await knock(gateway.url, bearerOf('alice').replace('Bearer', 'bearer'))).toEqual(
      ADMITTED,
    );
    expect(await knock(gateway.url, bearerOf('alice', { aud: ['x', AUDIENCE] }))).toEqual(ADMITTED);
  });

  it.each(Object.entries(MADE_UP))('refuses %s', async (_name, make) => {
    expect(await knock(gateway.url, make())).toEqual(REFUSED);
  });

  it.each(Object.entries(TAMPERED))('refuses a token with %s', async (_name, make) => {
    expect(await knock(gateway.url, `Bearer ${make()}`)).toEqual(REFUSED);
  });

  it('never fetches a key that a token names: kid, jku, x5u and jwk are ignored', async () => {
    await using trap = await startTrap();
    const key = await createSigningKey('RS256', `${trap.url}/key`);
    const jwk = await exportJWK(key.publicKey);
    const secret = { kty: 'oct', k: Buffer.from('theirs').toString('base64url') };

    for (const token of [
      await key.sign(toClaims(), { jwk, jku: `${trap.url}/jwks`, x5u: `${trap.url}/cert` }),
      signAnything({ ...HS256, kid: `${trap.url}/key` }, toClaims(), ''),
      signAnything({ ...HS256, jwk: secret }, toClaims(), 'theirs'),
      signAnything({ ...HS256, jku: `${trap.url}/jwks` }, toClaims(), 'theirs'),
    ]) {
      expect(await knock(gateway.url, `Bearer ${token}`)).toEqual(REFUSED);
    }
    expect(trap.asked()).toBe(0);
  });

  it('refuses two Authorization headers, in either order', async () => {
    const good = bearerOf('alice');
    const bad = 'Bearer nonsense';

    for (const pair of [
      [good, bad],
      [bad, good],
      [good, good],
    ]) {
      const lines = pair.map((value) => `authorization: ${value}`);
      const body = JSON.stringify({ query: QUERY });
      const posted = await exchange(gateway.url, [
        'POST /graphql HTTP/1.1',
        ...lines,
        'content-type: application/json',
        `content-length: ${body.length}`,
        '',
        body,
      ]);
      expect(posted).toMatch(/^HTTP\/1.1 401 /);
      expect(posted).toContain('UNAUTHENTICATED');
    }
  });

  it('refuses an oversized header', async () => {
    const answer = await exchange(gateway.url, [
      'GET /graphql?query={__typename} HTTP/1.1',
      `authorization: Bearer ${'a'.repeat(20_000)}`,
      '',
      '',
    ]);

    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });

  it('refuses a token with any changed byte as unauthenticated, not as a server error', async () => {
    const good = bearerOf('alice');
    const start = 'Bearer '.length;

    for (let index = 0; index < 300; index += 1) {
      // Not the last sign, of which base64url uses only some bits.
      const at = start + Math.floor((index / 300) * (good.length - start - 1));
      const other = good[at] === 'A' ? 'B' : 'A';
      const changed = good.slice(0, at) + other + good.slice(at + 1);
      const response = await fetch(`${gateway.url}/graphql?query={__typename}`, {
        headers: { authorization: changed },
      });
      expect([changed, response.status]).toEqual([changed, 401]);
    }
  });

  it('on a socket, connection parameters take precedence over the header unless they hold no credentials', async () => {
    const good = bearerOf('alice');
    const bad = 'Bearer nonsense';

    const outcomes = [
      await connectTo(gateway.url, { authorization: bad }, { Authorization: good }),
      await connectTo(gateway.url, { authorization: good }, { Authorization: bad }),
      await connectTo(gateway.url, {}, { authorization: good }),
      await connectTo(gateway.url, {}, { Authorization: [good] }),
      await connectTo(gateway.url, {}, { Authorization: { toString: good } }),
      await connectTo(gateway.url, {}, [good]),
      await connectTo(gateway.url, {}, good),
    ];

    // The protocol has objects as parameters and nothing else: 4400.
    expect(outcomes).toEqual(['connection_ack', 4403, 'connection_ack', 4403, 4403, 4400, 4400]);
  });

  it('on a socket, accepts Authorization from a headers object in the connection parameters', async () => {
    const good = bearerOf('alice');
    const bad = 'Bearer nonsense';

    const outcomes = [
      await connectTo(gateway.url, {}, { headers: { Authorization: good } }),
      await connectTo(gateway.url, {}, { headers: { authorization: good } }),
      await connectTo(gateway.url, {}, { headers: { AUTHORIZATION: good, 'x-other': 1 } }),
      await connectTo(gateway.url, { authorization: bad }, { headers: { Authorization: good } }),
      await connectTo(gateway.url, { authorization: good }, { headers: { Authorization: bad } }),
      await connectTo(gateway.url, {}, { Authorization: bad, headers: { Authorization: good } }),
      await connectTo(gateway.url, { authorization: good }, { headers: null }),
      await connectTo(gateway.url, {}, { headers: { Authorization: [good] } }),
      await connectTo(gateway.url, {}, { headers: good }),
      await connectTo(gateway.url, {}, { headers: { headers: { Authorization: good } } }),
    ];

    const [yes, no] = ['connection_ack', 4403];
    expect(outcomes).toEqual([yes, yes, yes, yes, no, no, yes, no, no, no]);
  });

  it('leaves /health, /ready and preflights open, and nothing else of /graphql', async () => {
    const statuses = await Promise.all(
      ['/health', '/ready'].map(async (path) => (await fetch(gateway.url + path)).status),
    );

    expect(statuses).toEqual([200, 200]);
    expect((await fetch(`${gateway.url}/graphql`, { method: 'OPTIONS' })).status).toBe(204);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD']) {
      expect((await fetch(`${gateway.url}/graphql`, { method })).status).toBe(401);
    }
    // Not even an invalid document is parsed.
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(response.status).toBe(401);
  });
});

describe('several secrets in AUTH_JWT_SECRET', () => {
  const NEXT = 'the-next-secret-of-more-than-32-characters';
  const signWith = (secret: string) => `Bearer ${signAnything(HS256, toClaims(), secret)}`;

  it('all verify tokens, and only listed secrets do', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      ...JWT_ENV,
      AUTH_JWT_SECRET: `${NEXT}, ${JWT_SECRET}`,
    });
    await extend(gateway.as(signWith(JWT_SECRET)), { prompt: 'under the old secret' });

    const { data } = await gateway.as(signWith(NEXT)).graphql(ReadVideosDocument, {});
    expect(data.videos.edges.map(({ node }) => node.prompt)).toEqual(['under the old secret']);
    expect(await knock(gateway.url, signWith(`${NEXT}, ${JWT_SECRET}`))).toEqual(REFUSED);
    const expired = signAnything(HS256, toClaims({ exp: inSeconds(-60) }), JWT_SECRET);
    expect(await knock(gateway.url, `Bearer ${expired}`)).toEqual(REFUSED);

    await gateway.restart({ AUTH_JWT_SECRET: NEXT });
    expect(await knock(gateway.url, signWith(NEXT))).toEqual(ADMITTED);
    expect(await knock(gateway.url, signWith(JWT_SECRET))).toEqual(REFUSED);
  });
});

describe('the owner', () => {
  it('is the claim that AUTH_OWNER_CLAIM names: team members share videos', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, AUTH_OWNER_CLAIM: 'team' });
    await extend(gateway.as(bearerOf('alice', { team: 'red' })));

    const countOf = async (authorization: string) => {
      const { data } = await gateway.as(authorization).graphql(ReadVideosDocument, {});
      return data.videos.edges.length;
    };

    expect(await countOf(bearerOf('bob', { team: 'red' }))).toBe(1);
    expect(await countOf(bearerOf('alice', { team: 'blue' }))).toBe(0);
    expect(await knock(gateway.url, bearerOf('alice'))).toEqual(REFUSED);
    expect(await knock(gateway.url, bearerOf('alice', { team: 7.5 }))).toEqual(REFUSED);
  });

  it('may be a number, which is the same owner as its digits', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, AUTH_OWNER_CLAIM: 'user_id' });
    const callerOf = (user_id: unknown) => gateway.as(bearerOf('alice', { user_id }));
    await extend(callerOf(42), { prompt: 'of 42' });
    await extend(callerOf(Number.MAX_SAFE_INTEGER), { prompt: 'of the largest' });

    const promptsOf = async (userId: unknown) => {
      const { data } = await callerOf(userId).graphql(ReadVideosDocument, {});
      return data.videos.edges.map(({ node }) => node.prompt);
    };
    expect(await promptsOf(42)).toEqual(['of 42']);
    expect(await promptsOf('42')).toEqual(['of 42']);
    expect(await promptsOf(Number.MAX_SAFE_INTEGER)).toEqual(['of the largest']);
    expect(await promptsOf(-42)).toEqual([]);
    for (const userId of [4.2, 2 ** 53, 1e300]) {
      const authorization = bearerOf('alice', { user_id: userId });
      expect(await knock(gateway.url, authorization)).toEqual(REFUSED);
    }
  });

  it('is unique per issuer and subject, however they are spelled', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const { AUTH_ISSUER: _, ...env } = JWT_ENV;
    await using gateway = await startGateway(sandbox, env);
    const pairs = [
      { iss: 'a', sub: 'b:c' },
      { iss: 'a:b', sub: 'c' },
      { iss: 'a', sub: 'b%3Ac' },
      { iss: 'a', sub: 'b%3ac' },
      { iss: 'a', sub: 'b%253Ac' },
      { iss: undefined, sub: 'b:c' },
      { iss: 'a', sub: 'B:c' },
      { iss: 'a', sub: 'b:c ' },
    ];
    const callers = pairs.map((pair) => gateway.as(bearerOf(pair.sub, pair)));
    for (const [index, caller] of callers.entries()) {
      await extend(caller, { prompt: `of ${index}` });
    }

    for (const [index, caller] of callers.entries()) {
      const { data } = await caller.graphql(ReadVideosDocument, {});
      expect(data.videos.edges.map(({ node }) => node.prompt)).toEqual([`of ${index}`]);
    }
  });
});

describe('tokens signed with a key of AUTH_JWKS_URL', () => {
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  let jwks: JwksServer;
  let keys: SigningKey[];
  beforeAll(async () => {
    keys = await Promise.all(
      ['RS256', 'ES256', 'EdDSA'].map((alg) => createSigningKey(alg, `${alg}-1`)),
    );
    jwks = await startJwks(...keys);
    upstream = await startScriptedUpstream(() => {});
    gateway = await startGateway(upstream, jwksEnv(jwks));
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await jwks[Symbol.asyncDispose]();
    await upstream.close();
  });

  it('are accepted with RS256, ES256 and EdDSA; the keys are fetched once', async () => {
    for (const key of keys) {
      expect(await knock(gateway.url, `Bearer ${await key.sign(toClaims())}`)).toEqual(ADMITTED);
    }
    expect(jwks.asked).toBe(1);
  });

  it.each(Object.entries(MADE_UP))('refuses %s', async (_name, make) => {
    expect(await knock(gateway.url, make())).toEqual(REFUSED);
  });

  it.each<[string, Claims]>([
    ['expired', { exp: inSeconds(-60) }],
    ['not yet valid', { nbf: inSeconds(600) }],
    ['no exp', { exp: undefined }],
    ['no sub', { sub: undefined }],
    ['sub a fraction', { sub: 7.5 }],
    ['a wrong audience', { aud: 'another' }],
    ['no audience', { aud: undefined }],
    ['a wrong issuer', { iss: 'https://evil.example.net' }],
    ['no issuer', { iss: undefined }],
  ])('refuses a token with a good signature: %s', async (_name, changes) => {
    for (const key of keys) {
      const token = await key.sign(toClaims(changes));
      expect(await knock(gateway.url, `Bearer ${token}`)).toEqual(REFUSED);
    }
  });

  it('refuses a public key used as a shared secret, in every encoding', async () => {
    for (const { publicKey, kid } of keys) {
      const pem = await exportSPKI(publicKey);
      const jwk = await exportJWK(publicKey);
      const spellings = [
        pem,
        pem.trim(),
        pem.replaceAll(/-----[^-]+-----|\n/g, ''),
        Buffer.from(pem.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64'),
        JSON.stringify(jwk),
        String(jwk.n ?? jwk.x),
        Buffer.from(String(jwk.n ?? jwk.x), 'base64url'),
      ];
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS384', 'sha384'],
        ['HS512', 'sha512'],
      ] as const) {
        for (const secret of spellings) {
          const token = signAnything({ alg, kid }, toClaims(), secret, hash);
          expect(await knock(gateway.url, `Bearer ${token}`)).toEqual(REFUSED);
        }
      }
    }
  });

  it('refuses a foreign key under a known kid, and an algorithm that does not match the key', async () => {
    for (const key of keys) {
      const stranger = await createSigningKey(key.alg, key.kid);
      const theirs = await stranger.sign(toClaims());
      expect(await knock(gateway.url, `Bearer ${theirs}`)).toEqual(REFUSED);
      for (const { kid } of keys.filter((other) => other !== key)) {
        const crossed = await key.sign(toClaims(), { kid });
        expect(await knock(gateway.url, `Bearer ${crossed}`)).toEqual(REFUSED);
      }
      const [, payload, signature] = (await key.sign(toClaims())).split('.');
      for (const alg of ['none', 'HS256', 'RS512', 'PS256', 'ES512', 'ES256K']) {
        const renamed = `${toPart({ alg, kid: key.kid })}.${payload}.${signature}`;
        expect(await knock(gateway.url, `Bearer ${renamed}`)).toEqual(REFUSED);
      }
    }
  });

  it('treats kid only as a name: not as a path, an address or SQL', async () => {
    await using trap = await startTrap();
    const stranger = await createSigningKey('RS256', 'x');
    const jwk = await exportJWK(stranger.publicKey);

    for (const header of [
      { kid: '../../../../../../dev/null' },
      { kid: `${trap.url}/jwks` },
      { kid: "' or 1 = 1 --" },
      { kid: '__proto__' },
      { kid: undefined },
      { kid: 'RS256-1', jku: `${trap.url}/jwks` },
      { kid: 'RS256-1', x5u: `${trap.url}/cert` },
      { kid: 'RS256-1', jwk },
    ]) {
      const token = await stranger.sign(toClaims(), header);
      expect(await knock(gateway.url, `Bearer ${token}`)).toEqual(REFUSED);
    }
    expect(trap.asked()).toBe(0);
  });
});

function jwksEnv(jwks: { url: string }): Record<string, string> {
  return { AUTH_JWKS_URL: jwks.url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
}

describe('the keys of AUTH_JWKS_URL', () => {
  it('do not accept a cached token that has expired', async () => {
    const key = await createSigningKey('ES256', 'one');
    await using jwks = await startJwks(key);
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, jwksEnv(jwks));
    const token = await key.sign(toClaims({ exp: inSeconds(2) }));
    expect(await askByPost(gateway, `Bearer ${token}`)).toBe('200');

    letPass(8);

    expect(await askByPost(gateway, `Bearer ${token}`)).toContain('UNAUTHENTICATED');
  });

  it('rotate: a new key is fetched when a token names it, a removed one is refused', async () => {
    const old = await createSigningKey('ES256', 'old');
    const next = await createSigningKey('ES256', 'next');
    await using jwks = await startJwks(old);
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, jwksEnv(jwks));
    const claims = toClaims({ exp: inSeconds(24 * 3_600) });
    const [oldToken, nextToken] = [await old.sign(claims), await next.sign(claims)];
    expect(await knock(gateway.url, `Bearer ${oldToken}`)).toEqual(ADMITTED);

    await jwks.publish(next);
    // Unknown key ids make the gateway ask the issuer at most every 30 s.
    expect(await knock(gateway.url, `Bearer ${nextToken}`)).toEqual(REFUSED);
    expect(jwks.asked).toBe(1);
    letPass(31);

    expect(await knock(gateway.url, `Bearer ${nextToken}`)).toEqual(ADMITTED);
    expect(await knock(gateway.url, `Bearer ${oldToken}`)).toEqual(REFUSED);
    expect(jwks.asked).toBe(2);
  });

  it.each([
    ['ten minutes later', 11 * 60],
    ['when the clock is set back', -24 * 3_600],
  ])('stop working after they are withdrawn, without any new key: %s', async (_name, seconds) => {
    const key = await createSigningKey('ES256', 'one');
    await using jwks = await startJwks(key);
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, jwksEnv(jwks));
    const authorization = `Bearer ${await key.sign(toClaims({ exp: inSeconds(24 * 3_600) }))}`;
    expect(await askByPost(gateway, authorization)).toBe('200');

    await jwks.publish(await createSigningKey('ES256', 'next'));
    letPass(seconds);
    // The first request does not wait for the keys that are fetched because of it.
    const asked = jwks.nextQuestion();
    await askByPost(gateway, authorization);
    await asked;

    // A verified token is cached for ten seconds.
    letPass(11);
    while ((await askByPost(gateway, authorization)) === '200') letPass(11);
    expect(await askByPost(gateway, authorization)).toContain('401');
    expect(jwks.asked).toBe(2);
  });

  it.each<[string, (jwks: JwksServer) => unknown]>([
    ['answers 500', (jwks) => jwks.fail(500)],
    ['answers 404', (jwks) => jwks.fail(404)],
    ['redirects', (jwks) => jwks.fail(302)],
    ['is gone', (jwks) => jwks[Symbol.asyncDispose]()],
  ])(
    'cannot be fetched while the issuer %s: requests get 503 and not 401',
    async (_name, break_) => {
      const key = await createSigningKey('ES256', 'one');
      await using jwks = await startJwks(key);
      await using upstream = await startScriptedUpstream(() => {});
      await using gateway = await startGateway(upstream, jwksEnv(jwks));
      await break_(jwks);

      const outcomes = await knock(gateway.url, `Bearer ${await key.sign(toClaims())}`);

      expect(outcomes).toEqual({
        POST: '503 GATEWAY_UNAVAILABLE',
        GET: '503 GATEWAY_UNAVAILABLE',
        'SSE by POST': '503 GATEWAY_UNAVAILABLE',
        'SSE by GET': '503 GATEWAY_UNAVAILABLE',
        'WebSocket by parameters': 1013,
        'WebSocket by header': 1013,
      });
    },
  );

  it('are kept while the issuer is down, and work again when it is back', async () => {
    const key = await createSigningKey('ES256', 'one');
    await using jwks = await startJwks(key);
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, jwksEnv(jwks));
    const authorization = `Bearer ${await key.sign(toClaims({ exp: inSeconds(24 * 3_600) }))}`;

    jwks.fail(500);
    expect(await askByPost(gateway, authorization)).toBe('503 GATEWAY_UNAVAILABLE');
    jwks.fail();
    expect(await askByPost(gateway, authorization)).toBe('200');
    jwks.fail(500);
    expect(await askByPost(gateway, authorization)).toBe('200');
    // Older than ten minutes: fetched again, but no request waits for that.
    letPass(11 * 60);
    const asked = jwks.nextQuestion();
    expect(await askByPost(gateway, authorization)).toBe('200');
    await asked;
    // A token whose key is unknown may be valid, so it gets 503, and the issuer is not asked again.
    const next = await createSigningKey('ES256', 'next');
    const nextToken = await next.sign(toClaims({ exp: inSeconds(24 * 3_600) }));
    for (let n = 0; n < 5; n += 1) {
      expect(await askByPost(gateway, `Bearer ${nextToken}`)).toBe('503 GATEWAY_UNAVAILABLE');
      expect(await askByPost(gateway, authorization)).toBe('200');
    }
    expect(jwks.asked).toBe(3);
    // Keys are kept for half an hour at most, because they may have been withdrawn.
    letPass(3_600);
    expect(await askByPost(gateway, authorization)).toBe('503 GATEWAY_UNAVAILABLE');
  });
});

/** Sets the clock ahead by this many seconds for the rest of the test. Timers are not affected. */
function letPass(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

function askByPost(gateway: TestGateway, authorization: string): Promise<string> {
  const headers = { authorization, 'content-type': 'application/json' };
  return ask(gateway.url, { method: 'POST', headers, body: JSON.stringify({ query: QUERY }) });
}

describe('AUTH_API_KEYS', () => {
  const KEYS = ['first-key-of-the-renderer', 'key+of/the=shop.~_-'];
  const hashOf = (key: string) => createHash('sha256').update(key).digest('hex');
  const ENV = { AUTH_API_KEYS: `renderer:${hashOf(KEYS[0] ?? '')}, shop:${hashOf(KEYS[1] ?? '')}` };

  it('are accepted, each as an owner of its own', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, ENV);
    for (const key of KEYS) {
      expect(await knock(gateway.url, `Bearer ${key}`)).toEqual(ADMITTED);
      await extend(gateway.as(`Bearer ${key}`), { prompt: key });
    }

    for (const key of KEYS) {
      const { data } = await gateway.as(`Bearer ${key}`).graphql(ReadVideosDocument, {});
      expect(data.videos.edges.map(({ node }) => node.prompt)).toEqual([key]);
    }
  });

  it('with the same name share one owner, so a key can be replaced', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const [old = '', next = ''] = KEYS;
    await using gateway = await startGateway(sandbox, { AUTH_API_KEYS: `renderer:${hashOf(old)}` });
    await extend(gateway.as(`Bearer ${old}`), { prompt: 'made with the old key' });
    const promptsOf = async (key: string) => {
      const { data } = await gateway.as(`Bearer ${key}`).graphql(ReadVideosDocument, {});
      return data.videos.edges.map(({ node }) => node.prompt);
    };

    await gateway.restart({
      AUTH_API_KEYS: `renderer:${hashOf(old)},renderer:${hashOf(next)}`,
    });
    expect(await promptsOf(old)).toEqual(['made with the old key']);
    expect(await promptsOf(next)).toEqual(['made with the old key']);

    await gateway.restart({ AUTH_API_KEYS: `renderer:${hashOf(next)}` });
    expect(await promptsOf(next)).toEqual(['made with the old key']);
    expect(await knock(gateway.url, `Bearer ${old}`)).toEqual(REFUSED);
  });

  it('refuse every other credential', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, ENV);
    const [key = ''] = KEYS;

    for (const wrong of [
      undefined,
      'Bearer renderer',
      `Bearer renderer:${key}`,
      `Bearer ${hashOf(key)}`,
      `Bearer renderer:${hashOf(key)}`,
      `Bearer ${key.toUpperCase()}`,
      `Bearer ${key}x`,
      `Bearer ${key.slice(0, -1)}`,
      `Bearer ${key},${key}`,
      `Basic ${key}`,
      key,
      `Bearer ${unsigned('none')}`,
      bearerOf('alice'),
      `Bearer ${signAnything(HS256, toClaims(), '')}`,
    ]) {
      expect(await knock(gateway.url, wrong)).toEqual(REFUSED);
    }
  });

  it('work next to tokens, and neither reads the videos of the other', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...ENV, ...JWT_ENV });
    const [key = ''] = KEYS;
    await extend(gateway.as(`Bearer ${key}`));

    const { data } = await gateway.as(bearerOf('renderer')).graphql(ReadVideosDocument, {});

    expect(data.videos.edges).toEqual([]);
    expect(await knock(gateway.url, `Bearer ${key}`)).toEqual(ADMITTED);
    expect(await knock(gateway.url, bearerOf('alice'))).toEqual(ADMITTED);
    expect(await knock(gateway.url, `${bearerOf('alice')}x`)).toEqual(REFUSED);
  });
});

describe('an endpoint without authentication', () => {
  it('is the callback: its URL is the credential', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, JWT_ENV);
    const extended = extend(gateway.as(bearerOf('alice')));
    const submit = await upstream.nextSubmit();
    submit.accept('task-1');
    await extended;
    const { url, id, token } = readCallbackUrl({ callBackUrl: submit.callback.url });
    const body = JSON.stringify({ code: 200, msg: 'ok', data: { task_id: 'task-1' } });
    const post = (target: string) => fetch(target, { method: 'POST', body });

    expect((await post(url)).status).toBe(200);
    expect((await post(url.replace(token, token.toLowerCase()))).status).toBe(404);
    expect((await post(`${gateway.url}/callbacks/${id}/${'A'.repeat(43)}`)).status).toBe(404);
    expect((await post(`${gateway.url}/callbacks/${id}/`)).status).toBe(404);
    expect((await fetch(url)).status).toBe(405);
  });
});

describe('the authentication variables', () => {
  const KEY = { APIKLEY_API_KEY: 'key' };
  const faultsOf = (env: Record<string, string>) => {
    try {
      readConfig({ ...KEY, ...env });
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const OPEN_TO_ALL =
    /HOST or PUBLIC_URL[\s\S]*AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_API_KEYS[\s\S]*AUTH=none/;

  it.each<Record<string, string>>([
    { HOST: '0.0.0.0' },
    { HOST: '::' },
    { HOST: '192.168.1.7' },
    { HOST: 'gateway.example.com' },
    { HOST: 'localhost.example.com' },
    { HOST: '127.0.0.1.example.com' },
    { HOST: '1270.0.0.1' },
    { PUBLIC_URL: 'https://gateway.example.com' },
    { PUBLIC_URL: 'http://127.0.0.1@gateway.example.com' },
    { PUBLIC_URL: 'http://10.0.0.1:4000', HOST: 'localhost' },
    { HOST: '0.0.0.0', PUBLIC_URL: 'http://localhost:4000' },
    { HOST: '0.0.0.0', AUTH_API_KEYS: ',' },
    { HOST: '0.0.0.0', AUTH_API_KEYS: ', ,' },
    { HOST: '0.0.0.0', AUTH_JWT_SECRET: '' },
    { HOST: '0.0.0.0', AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE },
  ])('are required if HOST or PUBLIC_URL is not loopback: %j', (env) => {
    expect(faultsOf(env)).toMatch(OPEN_TO_ALL);
  });

  it.each<Record<string, string>>([
    {},
    { HOST: 'localhost' },
    { HOST: '::1' },
    { HOST: '127.9.9.9', PUBLIC_URL: 'http://[::1]:4000' },
    { HOST: '0.0.0.0', AUTH: 'none' },
    { PUBLIC_URL: 'https://gateway.example.com', AUTH: 'none' },
    { HOST: '0.0.0.0', AUTH_JWT_SECRET: JWT_SECRET },
    { HOST: '0.0.0.0', AUTH_API_KEYS: `a:${'0'.repeat(64)}` },
    { HOST: '0.0.0.0', ...jwksEnv({ url: 'https://issuer.example.com/jwks' }) },
  ])('can be used, or are not required: %j', (env) => {
    expect(faultsOf(env)).toBe('');
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ AUTH: 'none', AUTH_JWT_SECRET: JWT_SECRET }, /AUTH: none cannot be combined with/],
    [{ AUTH: 'open' }, /AUTH: must be 'none' or unset/],
    [
      { ...jwksEnv({ url: 'https://i.example.com' }), AUTH_JWT_SECRET: JWT_SECRET },
      /AUTH_JWKS_URL: cannot be combined with AUTH_JWT_SECRET/,
    ],
    [
      { AUTH_JWKS_URL: 'https://i.example.com' },
      /AUTH_JWKS_URL: requires AUTH_ISSUER and AUTH_AUDI/,
    ],
    [
      { AUTH_JWKS_URL: 'https://i.example.com', AUTH_ISSUER: ISSUER },
      /AUTH_JWKS_URL: requires AUTH_ISSUER and AUTH_AUDI/,
    ],
    [
      { AUTH_JWKS_URL: 'file:///etc/passwd', AUTH_ISSUER: 'i', AUTH_AUDIENCE: 'a' },
      /AUTH_JWKS_URL/,
    ],
    [{ AUTH_JWT_SECRET: 'short' }, /AUTH_JWT_SECRET: must have at least 32 characters/],
    [
      { AUTH_JWT_SECRET: `${JWT_SECRET},short` },
      /AUTH_JWT_SECRET: is a comma-separated list, of which each secret must have at least 32/,
    ],
    [{ AUTH_API_KEYS: 'name:plain-key' }, /AUTH_API_KEYS: must be a comma-separated list/],
    [{ AUTH_API_KEYS: `${'0'.repeat(64)}` }, /AUTH_API_KEYS: must be a comma-separated list/],
  ])('that are invalid or contradict each other are named: %j', (env, fault) => {
    expect(faultsOf(env)).toMatch(fault);
  });

  it('that are missing are named when the process exits, before it listens', async () => {
    await expect(
      startGatewayProcess({ url: 'http://127.0.0.1:9' }, { HOST: '0.0.0.0' }),
    ).rejects.toThrow(OPEN_TO_ALL);
  });
});

describe('in open mode', () => {
  const STRANGE = [
    'evil.example.net',
    'evil.example.net:4000',
    'localhost.evil.example.net',
    '127.0.0.1.evil.example.net',
    'localhost:4000@evil.example.net',
    '169.254.169.254',
    '0.0.0.0',
    '[::]',
    'gateway.example.com.evil.example.net',
  ];
  const KNOWN = ['localhost', 'localhost:1234', '127.0.0.1', '[::1]:4000', 'app.localhost'];

  it.each(STRANGE)('the Host %s is refused by every endpoint', async (host) => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    expect(await knockAs(gateway.url, host)).toEqual({
      POST: 403,
      GET: 403,
      'SSE by POST': 403,
      'SSE by GET': 403,
      OPTIONS: 403,
      GraphiQL: 403,
      WebSocket: 403,
    });
    expect(upstream.requests).toEqual([]);
  });

  it.each(KNOWN)('the Host %s is accepted', async (host) => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const statuses = await knockAs(gateway.url, host);

    expect(statuses).toMatchObject({ POST: 200, GET: 200, 'SSE by GET': 200, WebSocket: 101 });
  });

  it('with AUTH=none, the Host of PUBLIC_URL is accepted and no other foreign one', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, {
      AUTH: 'none',
      PUBLIC_URL: 'https://gateway.example.com',
    });

    expect(await knockAs(gateway.url, 'gateway.example.com')).toMatchObject({
      POST: 200,
      WebSocket: 101,
    });
    expect(await knockAs(gateway.url, 'evil.example.net')).toMatchObject({
      POST: 403,
      WebSocket: 403,
    });
  });

  it('a request without a Host is refused', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);
    const target = '/graphql?query=%7B__typename%7D';

    const old = await exchange(gateway.url, [`GET ${target} HTTP/1.0`, '', ''], false);
    const modern = await exchange(gateway.url, [`GET ${target} HTTP/1.1`, '', ''], false);
    const absolute = await exchange(gateway.url, [
      `GET http://evil.example.net${target} HTTP/1.1`,
      '',
      '',
    ]);

    expect(old).toMatch(/^HTTP\/1.1 403 /);
    expect(modern).toMatch(/^HTTP\/1.1 400 /);
    expect(absolute).toMatch(/^HTTP\/1.1 403 /);
  });

  it('with authentication, any Host is accepted', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, JWT_ENV);

    expect(await knockAs(gateway.url, 'any.example.net')).toMatchObject({ POST: 401, GET: 401 });
  });

  it('health checks and callbacks accept any Host', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const statuses = await Promise.all(
      ['/health', '/ready', `/callbacks/x/${randomBytes(8).toString('hex')}`].map((path) =>
        statusOf(gateway.url, { path, headers: { host: 'evil.example.net' } }),
      ),
    );

    expect(statuses).toEqual([200, 200, 404]);
  });
});

/** The status at each originCheck for a client that names this host. */
async function knockAs(url: string, host: string): Promise<Record<string, number>> {
  const json = { host, 'content-type': 'application/json' };
  const stream = { accept: 'text/event-stream' };
  const post = (query: string, more = {}) =>
    statusOf(url, { method: 'POST', headers: { ...json, ...more } }, JSON.stringify({ query }));
  const get = (query: string, more = {}) =>
    statusOf(url, {
      path: `/graphql?${new URLSearchParams({ query })}`,
      headers: { host, ...more },
    });
  return {
    POST: await post(QUERY),
    GET: await get(QUERY),
    'SSE by POST': await post(SUBSCRIPTION, stream),
    'SSE by GET': await get(SUBSCRIPTION, stream),
    OPTIONS: await statusOf(url, { method: 'OPTIONS', headers: { host } }),
    GraphiQL: await statusOf(url, { headers: { host, accept: 'text/html' } }),
    WebSocket: await openRawSocket(url, { headers: { host } }).then(
      ({ socket }) => {
        socket.close();
        return 101;
      },
      (error: Error) => Number(/(\d{3})$/.exec(error.message)?.[1]),
    ),
  };
}

function statusOf(
  url: string,
  options: { method?: string; path?: string; headers: Record<string, string> },
  body = '',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = sendRequest(url, { path: '/graphql', ...options }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    request.on('error', reject).end(body);
  });
}

/** Writes lines as they are, and resolves with all that comes back. */
function exchange(url: string, lines: string[], withHost = true): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const [first = '', ...rest] = lines;
  const head = withHost ? [first, `host: ${host}`, 'connection: close', ...rest] : lines;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let answer = '';
  const socket = connect(Number(port), hostname, () => socket.write(head.join('\r\n')));
  socket.on('data', (chunk) => {
    answer += String(chunk);
    // Nothing more is to come once the headers are there: enough to judge by.
    if (answer.includes('\r\n\r\n')) socket.end();
  });
  socket.on('close', () => resolve(answer));
  socket.on('error', (error) => (answer ? resolve(answer) : reject(error)));
  return promise;
}

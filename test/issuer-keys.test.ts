import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWK } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { ReadVideosDocument } from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { startGatewayProcess } from './support/process.ts';
import { runProgram } from './support/program.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';
import {
  AUDIENCE,
  createSigningKey,
  ISSUER,
  inSeconds,
  type SigningKey,
  startJwks,
  toClaims,
  toPart,
} from './support/tokens.ts';

/** A closed port: these tests never reach the upstream. */
const UPSTREAM = { url: 'http://127.0.0.1:9' };

const envOf = (jwks: { url: string }) => ({
  AUTH_JWKS_URL: jwks.url,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
});

/** A key as an issuer may publish it: everything but the key itself is optional. */
async function toJwk({ publicKey }: SigningKey, names: JWK = {}): Promise<JWK> {
  return { ...(await exportJWK(publicKey)), ...names };
}

/** The status of a query, and the code of its error if it has one. */
async function ask({ url }: { url: string }, token: string): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: ReadVideosDocument.toString() }),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return [response.status, errors?.[0]?.extensions.code].filter(Boolean).join(' ');
}

const LET_IN = '200';
const REFUSED = '401 UNAUTHENTICATED';
const UNNAMED = { kid: undefined };

describe('the keys of an issuer', () => {
  it('verify a token without kid, whichever of them signed it', async () => {
    const algorithms = ['RS256', 'RS256', 'PS256', 'ES256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
    const keys = await Promise.all(algorithms.map((alg, n) => createSigningKey(alg, `key-${n}`)));
    await using jwks = await startJwks();
    jwks.publishAs(...(await Promise.all(keys.map((key) => toJwk(key, { kid: key.kid })))));
    await using gateway = await startGateway(UPSTREAM, envOf(jwks));

    for (const key of keys) {
      expect(await ask(gateway, await key.sign(toClaims(), UNNAMED))).toBe(LET_IN);
      const stranger = await createSigningKey(key.alg, key.kid);
      expect(await ask(gateway, await stranger.sign(toClaims(), UNNAMED))).toBe(REFUSED);
      const claims = toClaims({ aud: 'another' });
      expect(await ask(gateway, await key.sign(claims, UNNAMED))).toBe(REFUSED);
    }
  });

  it('may share one kid', async () => {
    const keys = await Promise.all(
      ['RS256', 'RS256', 'ES256', 'EdDSA'].map((alg) => createSigningKey(alg, 'the-key')),
    );
    await using jwks = await startJwks(...keys);
    await using gateway = await startGateway(UPSTREAM, envOf(jwks));

    for (const key of keys) {
      expect(await ask(gateway, await key.sign(toClaims()))).toBe(LET_IN);
      const stranger = await createSigningKey(key.alg, 'the-key');
      expect(await ask(gateway, await stranger.sign(toClaims()))).toBe(REFUSED);
    }
  });

  it('may lack a kid even if the tokens have one; a token is never verified by a key with another kid', async () => {
    const [unnamed, named] = [
      await createSigningKey('ES256', 'unnamed'),
      await createSigningKey('ES256', 'named'),
    ];
    await using jwks = await startJwks();
    jwks.publishAs(await toJwk(unnamed), await toJwk(named, { kid: 'named' }));
    await using gateway = await startGateway(UPSTREAM, envOf(jwks));

    expect(await ask(gateway, await unnamed.sign(toClaims()))).toBe(LET_IN);
    expect(await ask(gateway, await named.sign(toClaims()))).toBe(LET_IN);
    expect(await ask(gateway, await named.sign(toClaims(), { kid: 'unknown' }))).toBe(REFUSED);
  });

  it.each([
    ['without kid', { kid: undefined }],
    ['under the old kid', { kid: 'the-key' }],
  ])('rotate %s', async (_name, header) => {
    const [old, next] = [
      await createSigningKey('RS256', 'the-key'),
      await createSigningKey('RS256', 'the-key'),
    ];
    await using jwks = await startJwks(old);
    await using gateway = await startGateway(UPSTREAM, envOf(jwks));
    const claims = toClaims({ exp: inSeconds(24 * 3_600) });
    expect(await ask(gateway, await old.sign(claims, header))).toBe(LET_IN);
    await jwks.publish(next);
    // Or strangers could have the issuer asked all the time.
    expect(await ask(gateway, await next.sign(claims, header))).toBe(REFUSED);

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });

    expect(await ask(gateway, await next.sign(claims, header))).toBe(LET_IN);
    expect(await ask(gateway, await old.sign(claims, header))).toBe(REFUSED);
    expect(jwks.asked).toBe(2);
  });

  it('that are unusable are logged, and the others stay in use', async () => {
    const good = await createSigningKey('RS256', 'good');
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    await using jwks = await startJwks();
    const smallJwk = small.publicKey.export({ format: 'jwk' }) as JWK;
    jwks.publishAs(await toJwk(good, { kid: 'good' }), { ...smallJwk, kid: 'small' });
    await using gateway = await startGatewayProcess(UPSTREAM, envOf(jwks));
    const text = `${toPart({ alg: 'RS256', kid: 'small' })}.${toPart(toClaims())}`;
    const signature = createSign('RSA-SHA256').update(text).sign(small.privateKey, 'base64url');

    expect(await ask(gateway, await good.sign(toClaims()))).toBe(LET_IN);
    expect(await ask(gateway, await good.sign(toClaims(), UNNAMED))).toBe(LET_IN);
    expect(await ask(gateway, `${text}.${signature}`)).toBe('503 GATEWAY_UNAVAILABLE');

    const log = await gateway.stop();
    expect(log.match(/"small\\" has 1024 bits, and RSA keys need at least 2048/g)).toHaveLength(1);
    const { the } = await consult(envOf(jwks));
    expect(the('warning')?.message).toContain(
      'the key "small" has 1024 bits, and RSA keys need at least 2048',
    );
  });

  it('behind a redirect are reported as such by the log and by the doctor', async () => {
    await using issuer = await startScriptedUpstream(({ path }, response) => {
      if (path === '/moved') answerJson(response, { keys: [] });
      else response.writeHead(302, { location: '/moved?secret=1' }).end();
    });
    const key = await createSigningKey('ES256', 'one');
    const env = envOf({ url: `${issuer.url}/jwks` });
    await using gateway = await startGatewayProcess(UPSTREAM, env);

    for (let n = 0; n < 2; n += 1) {
      expect(await ask(gateway, await key.sign(toClaims()))).toBe('503 GATEWAY_UNAVAILABLE');
    }
    const log = await gateway.stop();
    const { the } = await consult(env);

    const reason = `it redirects to ${issuer.url}/moved. Set AUTH_JWKS_URL to the last address of the redirects.`;
    const lines = log.split('\n').filter((line) => line.includes('the keys of AUTH_JWKS_URL'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    expect(the('fault')?.message).toBe(
      `AUTH_JWKS_URL: ${issuer.url}/jwks cannot be read: ${reason}`,
    );
    const requests = issuer.requests.map(({ method, path, headers }) => ({
      method,
      path,
      headers: { ...headers, connection: undefined },
    }));
    expect(requests).toHaveLength(3);
    expect(requests[2]).toEqual(requests[0]);
  });

  it('are fetched through the proxy of the environment', async () => {
    const key = await createSigningKey('ES256', 'one');
    const set = { keys: [await toJwk(key)] };
    const targets: (string | undefined)[] = [];
    const proxy = createServer(({ url }, response) => {
      targets.push(url);
      response.end(JSON.stringify(set));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    // A name that only the proxy knows.
    const env = envOf({ url: 'http://issuer.invalid/jwks' });
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    await using gateway = await startGatewayProcess(UPSTREAM, { ...env, HTTP_PROXY });

    expect(await ask(gateway, await key.sign(toClaims()))).toBe(LET_IN);
    expect((await consult({ ...env, HTTP_PROXY })).the('fault')).toBeUndefined();
    expect(targets).toEqual([env.AUTH_JWKS_URL, env.AUTH_JWKS_URL]);
    const without = await consult({ ...env, HTTP_PROXY, NO_PROXY: 'issuer.invalid' });
    expect(without.the('fault')?.message).toContain('issuer.invalid');
  });

  it('are fetched from the exact URL, including a trailing slash', async () => {
    const key = await createSigningKey('ES256', 'one');
    const set = { keys: [await toJwk(key)] };
    await using issuer = await startScriptedUpstream(({ path }, response) =>
      path === '/jwks/' ? answerJson(response, set) : response.writeHead(301).end(),
    );
    await using gateway = await startGateway(UPSTREAM, envOf({ url: `${issuer.url}/jwks/` }));

    expect(await ask(gateway, await key.sign(toClaims()))).toBe(LET_IN);
  });

  it.each<[string, number, string, RegExp]>([
    ['an error', 500, '{}', /it answers with the status 500/],
    ['a page', 200, '<html>', /its answer is not JSON/],
    ['something else', 200, '{"issuer":"x"}', /its answer is not a JSON Web Key Set/],
    ['a list', 200, '{"keys":[null]}', /its answer is not a JSON Web Key Set/],
  ])('served as %s are reported by the doctor', async (_name, status, body, reason) => {
    await using issuer = await startScriptedUpstream((_request, response) =>
      response.writeHead(status).end(body),
    );

    const { the } = await consult(envOf(issuer));

    expect(the('fault')?.message).toMatch(reason);
  });
});

async function consult(env: Record<string, string>) {
  const { stdout } = await runProgram(
    'doctor/main.ts',
    {
      APIKLEY_API_KEY: 'sandbox-key',
      UPSTREAM_URL: UPSTREAM.url,
      PORT: '9',
      DATABASE_URL: 'sqlite::memory:',
      ...env,
    },
    { args: ['--json'] },
  );
  const findings = (JSON.parse(stdout) as Finding[]).filter(({ subject }) => subject === 'auth');
  return { the: (level: Finding['level']) => findings.find((finding) => finding.level === level) };
}

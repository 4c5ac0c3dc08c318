import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from './support/process.ts';
import {
  AUDIENCE,
  type Claims,
  createSigningKey,
  ISSUER,
  inSeconds,
  JWT_ENV,
  type JwksServer,
  type SigningKey,
  signAnything,
  startJwks,
  toClaims,
} from './support/tokens.ts';

const UPSTREAM = { url: 'http://127.0.0.1:9' };
const HS256 = { alg: 'HS256' };
const withClaims = (changes: Claims) => signAnything(HS256, toClaims(changes));

/** What is sent, and the reason that the log has for it. */
const REASONS: Record<string, [() => string, string]> = {
  'another issuer': [
    () => withClaims({ iss: 'https://evil.example.net' }),
    `iss: is "https://evil.example.net" and not AUTH_ISSUER, ${ISSUER}`,
  ],
  'no issuer': [() => withClaims({ iss: undefined }), 'iss: the token has no such claim'],
  'another audience': [
    () => withClaims({ aud: ['a', 'b'] }),
    `aud: is ["a","b"] and does not contain AUTH_AUDIENCE, ${AUDIENCE}`,
  ],
  'an end that has passed': [
    () => withClaims({ exp: inSeconds(-60) }),
    'exp: the token has expired',
  ],
  'no end': [() => withClaims({ exp: undefined }), 'exp: the token has no such claim'],
  'an end in words': [() => withClaims({ exp: 'soon' }), 'exp: "exp" claim must be a number'],
  'a beginning to come': [
    () => withClaims({ nbf: inSeconds(600) }),
    'nbf: the token is not valid yet',
  ],
  'no owner': [() => withClaims({ sub: undefined }), 'sub: the token has no such claim'],
  'an owner that is a fraction': [
    () => withClaims({ sub: 1.5 }),
    'sub: the claim sub is neither text of 1 to 255 characters nor a whole number',
  ],
  'another algorithm': [
    () => signAnything({ alg: 'HS512' }, toClaims(), undefined, 'sha512'),
    'alg: the algorithm is not allowed here',
  ],
  'another secret': [
    () => signAnything(HS256, toClaims(), 'x'.repeat(40)),
    'signature: it was made with another key',
  ],
  'no token': [() => 'not-a-token', 'format: Invalid Compact JWS'],
};

describe('a refused token', () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGatewayProcess(UPSTREAM, { ...JWT_ENV, LOG_LEVEL: 'debug' });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  it.each(Object.entries(REASONS))(
    'has its reason in the log at debug level, and the sender does not learn it: %s',
    async (_name, [make, reason]) => {
      const token = make();

      const answer = await send(gateway, `Bearer ${token}`);

      await gateway.logged(`"reason":${JSON.stringify(reason)}`);
      expect(answer).not.toContain(reason);
      expect(answer).toContain('UNAUTHENTICATED');
    },
  );

  it('is never logged itself, nor is a header without a token', async () => {
    const basic = `Basic ${Buffer.from('alice:canary').toString('base64')}`;
    await send(gateway, basic);
    await gateway.logged('authorization: no Bearer credential');

    const log = await gateway.stop();

    for (const [make] of Object.values(REASONS)) {
      for (const part of make().split('.').slice(1)) expect(log).not.toContain(part);
    }
    expect(log).not.toContain(basic.slice('Basic '.length));
    expect(log).not.toContain('alice');
  });
});

describe('a refused token of an identity provider', () => {
  let key: SigningKey;
  let jwks: JwksServer;
  beforeAll(async () => {
    key = await createSigningKey('ES256', 'known');
    jwks = await startJwks(key);
  });
  afterAll(() => jwks[Symbol.asyncDispose]());

  it('is logged with its kid and algorithm, and not at info level', async () => {
    const env = { AUTH_JWKS_URL: jwks.url, AUTH_ISSUER: ISSUER, AUTH_AUDIENCE: AUDIENCE };
    const token = await key.sign(toClaims(), { kid: 'unknown' });
    const reason = 'kid: no key of AUTH_JWKS_URL has this kid and algorithm';

    const logs: string[] = [];
    for (const LOG_LEVEL of ['debug', 'info']) {
      await using gateway = await startGatewayProcess(UPSTREAM, { ...env, LOG_LEVEL });
      await send(gateway, `Bearer ${token}`);
      logs.push(await gateway.stop());
    }

    expect(logs[0]).toContain(`"reason":"${reason}","alg":"ES256","kid":"unknown"`);
    expect(logs[1]).not.toContain(reason);
  });
});

async function send(gateway: { url: string }, authorization: string): Promise<string> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  return response.text();
}

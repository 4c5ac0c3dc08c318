/** Who is asking, as tokens: good ones, and those that somebody made up. */

import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

export const JWT_SECRET = 'a-secret-of-more-than-32-characters';
export const ISSUER = 'https://issuer.example.com';
export const AUDIENCE = 'longtake';

/** Settings under which `Bearer ${signFor(name)}` is let in. */
export const JWT_ENV = {
  AUTH_JWT_SECRET: JWT_SECRET,
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
};

export type Claims = Readonly<Record<string, unknown>>;

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}

/** The claims of a good token. A change to undefined takes a claim out. */
export function toClaims(changes: Claims = {}): Claims {
  const claims = { sub: 'alice', iss: ISSUER, aud: AUDIENCE, exp: inSeconds(3_600), ...changes };
  return JSON.parse(JSON.stringify(claims)) as Claims;
}

/** Signs whatever it is given, however senseless: HMAC with SHA-256 unless `hash` says otherwise. */
export function signAnything(
  header: object,
  claims: Claims,
  key: string | Buffer = JWT_SECRET,
  hash = 'sha256',
): string {
  const text = `${toPart(header)}.${toPart(claims)}`;
  return `${text}.${createHmac(hash, key).update(text).digest('base64url')}`;
}

/** An `Authorization` under `JWT_ENV`. */
export function bearerOf(sub: string, changes: Claims = {}): string {
  return `Bearer ${signAnything({ alg: 'HS256', typ: 'JWT' }, toClaims({ sub, ...changes }))}`;
}

export function toPart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly publicKey: CryptoKey;
  sign(claims: Claims, header?: object): Promise<string>;
}

export async function createSigningKey(alg: string, kid: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    alg,
    kid,
    publicKey,
    sign: (claims, header = {}) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg, kid, ...header } as JWTHeaderParameters)
        .sign(privateKey),
  };
}

export interface JwksServer extends AsyncDisposable {
  readonly url: string;
  /** How often the keys were asked for. */
  readonly asked: number;
  publish(...keys: SigningKey[]): Promise<void>;
  /** The same for keys in the form of the set. */
  publishAs(...keys: JWK[]): void;
  /** From now on, until it is called without: an answer of this status. */
  fail(status?: number): void;
  /** Keeps the next answers until what it returns is called. */
  hold(): () => void;
  /** Resolves when the keys are asked for the next time. */
  nextQuestion(): Promise<void>;
}

/** An issuer's JSON Web Key Set (RFC 7517, 5) on loopback. */
export async function startJwks(...first: SigningKey[]): Promise<JwksServer> {
  let keys: JWK[] = [];
  let failure: number | undefined;
  let held: Promise<void> | undefined;
  let asked = 0;
  let question = Promise.withResolvers<void>();
  const server = createServer(async (_request, response) => {
    asked += 1;
    question.resolve();
    question = Promise.withResolvers();
    await held;
    response.writeHead(failure ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function publish(...published: SigningKey[]): Promise<void> {
    keys = await Promise.all(
      published.map(async ({ alg, kid, publicKey }) => ({
        ...(await exportJWK(publicKey)),
        alg,
        kid,
        use: 'sig',
      })),
    );
  }
  await publish(...first);

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    get asked() {
      return asked;
    },
    publish,
    publishAs(...published) {
      keys = published;
    },
    fail(status) {
      failure = status;
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return resolve;
    },
    nextQuestion: () => question.promise,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

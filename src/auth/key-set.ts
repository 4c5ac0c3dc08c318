/** The request for `AUTH_JWKS_URL`, used by the gateway and by the doctor. */

import { createPublicKey } from 'node:crypto';
import type { JSONWebKeySet, JWK } from 'jose';
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { readJson } from '../read-answer.ts';

const TIMEOUT_MS = 5_000;
/** Maximum bytes of a key set: a hundred times what issuers publish. */
const LIMIT = 256 * 1024;
/** RFC 7518, 3.3: a smaller RSA key MUST NOT be used. */
const LEAST_RSA_BITS = 2_048;

/**
 * Redirects are not followed, because a redirect could name somebody else's keys.
 *
 * @throws Error with a sentence for the operator.
 */
export async function fetchKeySet(url: string): Promise<JSONWebKeySet> {
  const response = await send(url);
  if (response.status >= 300 && response.status < 400) {
    const target = URL.parse(response.headers.get('location') ?? '', url);
    await response.body?.cancel();
    throw new Error(
      target
        ? `it redirects to ${target.origin}${target.pathname}. Set AUTH_JWKS_URL to the last address of the redirects.`
        : `it answers with the status ${response.status}`,
    );
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`it answers with the status ${response.status}`);
  }
  let body: unknown;
  try {
    body = await readJson(response, LIMIT);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new Error('its answer is not JSON', { cause });
    throw new Error(toReason(cause), { cause });
  }
  if (!isKeySet(body)) throw new Error('its answer is not a JSON Web Key Set: {"keys":[…]}');
  return body;
}

let agent: EnvHttpProxyAgent | undefined;

/** Uses the proxy of `HTTPS_PROXY` or `HTTP_PROXY` unless `NO_PROXY` excludes the host. */
async function send(url: string): Promise<Response> {
  try {
    // Created here, so that an invalid proxy URL is an error of the request.
    agent ??= new EnvHttpProxyAgent();
    return await fetch(url, {
      dispatcher: agent,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json, application/jwk-set+json', 'user-agent': 'longtake' },
    });
  } catch (cause) {
    throw new Error(toReason(cause), { cause });
  }
}

function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `it does not answer within ${TIMEOUT_MS / 1_000} s`;
  // `fetch` says only "fetch failed"; its cause has the reason.
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

function isKeySet(body: unknown): body is JSONWebKeySet {
  if (typeof body !== 'object' || body === null || !('keys' in body)) return false;
  return (
    Array.isArray(body.keys) &&
    body.keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
  );
}

/** One sentence for each signing key of the set that cannot be used, with the reason. */
export function findUnusableKeys({ keys }: JSONWebKeySet): string[] {
  return keys.flatMap((key, index) => {
    const fault = findKeyFault(key);
    const name = typeof key.kid === 'string' ? `the key ${JSON.stringify(key.kid)}` : null;
    return fault === null ? [] : [`${name ?? `the key at position ${index + 1}`} ${fault}`];
  });
}

function findKeyFault(key: JWK): string | null {
  if (key.use === 'enc') return null;
  // A symmetric key must not be in a published set.
  if (key.kty === 'oct' || key.d !== undefined) return 'is a secret, which no key set may publish';
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: { ...key }, format: 'jwk' });
    const bits = asymmetricKeyDetails?.modulusLength;
    if (bits === undefined || bits >= LEAST_RSA_BITS) return null;
    return `has ${bits} bits, and RSA keys need at least ${LEAST_RSA_BITS}`;
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

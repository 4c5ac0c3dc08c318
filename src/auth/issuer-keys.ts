/** The issuer's public keys (RFC 7517): fetched periodically, and kept while that fails. */

import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { fetchKeySet, findUnusableKeys } from './key-set.ts';

/** The age at which keys are fetched again. */
const FRESH_MS = 10 * 60_000;
/** The shortest time between two fetches while there are usable keys. */
const PAUSE_MS = 30_000;
/** A key that the issuer has withdrawn is trusted no longer than this after the last fetch. */
const KEPT_MS = 30 * 60_000;

/**
 * Calls `verify` with the known keys and, when they do not verify the token, once more with newly
 * fetched ones.
 *
 * @throws what `verify` throws; the error of the fetch when it might have returned the key.
 */
export type IssuerKeys = <T>(verify: (keys: JWTVerifyGetKey) => Promise<T>) => Promise<T>;

/**
 * Fetches the keys in the background when they are older than ten minutes, and when a token was signed
 * with an unknown key. Known keys are used for half an hour while fetches fail.
 */
export function createIssuerKeys(url: string, log: Logger): IssuerKeys {
  const report = createReport(log);
  let known: JWTVerifyGetKey | null = null;
  let fetchedAt = 0;
  let triedAt = 0;
  let failure: unknown = null;
  let pending: Promise<JWTVerifyGetKey> | null = null;

  function fetchKeys(): Promise<JWTVerifyGetKey> {
    pending ??= fetchNow().finally(() => {
      pending = null;
    });
    return pending;
  }

  async function fetchNow(): Promise<JWTVerifyGetKey> {
    triedAt = Date.now();
    try {
      const set = await fetchKeySet(url);
      known = toKeys(set);
      report.keys(set);
    } catch (error) {
      failure = error;
      report.failure(error);
      throw error;
    }
    failure = null;
    fetchedAt = Date.now();
    return known;
  }

  return async (verify) => {
    if (known === null || hasPassed(fetchedAt, KEPT_MS)) return verify(await fetchKeys());
    if (hasPassed(fetchedAt, FRESH_MS) && hasPassed(triedAt, PAUSE_MS)) {
      // The failure is reported when a key is missing.
      fetchKeys().catch(() => undefined);
    }
    try {
      return await verify(known);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      // A new key without a `kid`, or with an old one, is recognised only by its signature.
      if (!isUnknown && !(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      if (pending || hasPassed(triedAt, PAUSE_MS)) {
        const fetched = await fetchKeys().catch((cause: unknown) => {
          throw isUnknown ? cause : error;
        });
        return verify(fetched);
      }
      throw isUnknown ? (failure ?? error) : error;
    }
  };
}

/** `kid` is optional (RFC 7515, 4.1.4; RFC 7517, 4.5): a key without one may have signed any token. */
function toKeys(set: JSONWebKeySet): JWTVerifyGetKey {
  const all = createLocalJWKSet(set);
  const unnamed = createLocalJWKSet({ keys: set.keys.filter(({ kid }) => kid === undefined) });
  return async (header, token) => {
    try {
      return await all(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const { kid: _, ...withoutKid } = header;
      return unnamed(withoutKid, token);
    }
  };
}

/** Logs what is wrong with the keys when it changes, and not at each fetch. */
function createReport(log: Logger) {
  let reported = '';

  function once(text: string, write: () => void): void {
    if (text !== reported) write();
    reported = text;
  }

  return {
    failure(error: unknown): void {
      once(String(error), () =>
        log.error({ err: error }, 'the keys of AUTH_JWKS_URL cannot be read'),
      );
    },
    keys(set: JSONWebKeySet): void {
      const faults = set.keys.length === 0 ? ['it contains no keys'] : findUnusableKeys(set);
      once(faults.join('; '), () => {
        if (faults.length > 0) log.warn({ faults }, 'AUTH_JWKS_URL has keys that cannot be used');
        else if (reported) log.info('the keys of AUTH_JWKS_URL can be used again');
      });
    },
  };
}

/** Also true when the clock was set back to before it. */
function hasPassed(since: number, ms: number): boolean {
  const passed = Date.now() - since;
  return passed < 0 || passed > ms;
}

/** The issuer's public keys (RFC 7517): fetched anew now and then, and kept while that fails. */

import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

/** Older ones are fetched anew. */
const FRESH_MS = 10 * 60_000;
/** Between two fetches, while there are keys to go on with. */
const PAUSE_MS = 30_000;
/** What the issuer has withdrawn is trusted no longer than this after the last fetch. */
const KEPT_MS = 30 * 60_000;

/**
 * The keys are fetched when they are older than ten minutes, which nobody waits for, and when a token
 * names one that is not among them. Those that are known serve for half an hour.
 *
 * @throws whatever the fetch met, where it might have brought the key; JWKSNoMatchingKey.
 */
export function createIssuerKeys(url: string): JWTVerifyGetKey {
  // It fetches and checks, and no more: by itself it would ask a failing issuer at each token.
  const remote = createRemoteJWKSet(new URL(url));
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
      await remote.reload();
    } catch (error) {
      failure = error;
      throw error;
    }
    failure = null;
    fetchedAt = Date.now();
    known = createLocalJWKSet(remote.jwks() ?? { keys: [] });
    return known;
  }

  return async (header, token) => {
    if (known === null || hasPassed(fetchedAt, KEPT_MS)) return (await fetchKeys())(header, token);
    if (hasPassed(fetchedAt, FRESH_MS) && hasPassed(triedAt, PAUSE_MS)) {
      // Of a failure is told where a key is missing.
      fetchKeys().catch(() => undefined);
    }
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (pending || hasPassed(triedAt, PAUSE_MS)) return (await fetchKeys())(header, token);
      throw failure ?? error;
    }
  };
}

/** Also where the clock has been set back behind it. */
function hasPassed(since: number, ms: number): boolean {
  const passed = Date.now() - since;
  return passed < 0 || passed > ms;
}

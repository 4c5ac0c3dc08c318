/** The issuer's public keys (RFC 7517): fetched anew now and then, and kept while that fails. */

import { createRemoteJWKSet, type JWKSCacheInput, type JWTVerifyGetKey, jwksCache } from 'jose';

const FRESH_MS = 10 * 60_000;
const RETRY_MS = 30_000;
/** What the issuer has withdrawn meanwhile is trusted no longer than this. */
const KEPT_MS = 30 * 60_000;

/**
 * Fetched when they are older than ten minutes, and when a token names a key that is not among them,
 * at most every 30 s. While the issuer is away those that are known serve, for half an hour.
 */
export function createIssuerKeys(url: string): JWTVerifyGetKey {
  const cache: JWKSCacheInput = {};
  const keys = createRemoteJWKSet(new URL(url), { cacheMaxAge: KEPT_MS, [jwksCache]: cache });
  let triedAt = 0;
  return async (header, token) => {
    const now = Date.now();
    const isStale = cache.uat !== undefined && now - cache.uat > FRESH_MS;
    if (isStale && now - triedAt > RETRY_MS) {
      triedAt = now;
      // A failure shows when the keys are too old to serve.
      await keys.reload().catch(() => undefined);
    }
    return keys(header, token);
  };
}

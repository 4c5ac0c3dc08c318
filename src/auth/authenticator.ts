/** Authenticates requests. */

import { hash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { UnauthenticatedError } from '../errors.ts';
import type { Identity } from './identity.ts';
import { createTokenVerifier } from './tokens.ts';

export interface Authenticator {
  /** Whether no authentication is required: the Host header must then be checked. */
  readonly isOpen: boolean;
  /**
   * @param authorization the value of an `Authorization` header: `Bearer` and a token or key.
   * @throws UnauthenticatedError; GatewayUnavailableError when the issuer's keys cannot be fetched.
   */
  identify(authorization: string | undefined): Promise<Identity>;
  /** The identity if the same header was verified recently; null means that it must be verified. */
  recall(authorization: string | undefined): Identity | null;
}

/** Milliseconds for which an accepted header stays cached, even if its issuer withdraws the key. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_CHARACTERS = 4 * 1024 * 1024;

const OPEN: Identity = { owner: 'open', expiresAt: null };

export function createAuthenticator(config: Config, log: Logger): Authenticator {
  const verifyToken = createTokenVerifier(config, log);
  const keys = config.AUTH_API_KEYS;
  const isOpen = verifyToken === null && keys.length === 0;

  // Only accepted headers are cached, so that refused ones cannot fill the cache.
  const verified = new LRUCache<string, { identity: Identity; until: number }>({
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (_entry, authorization) => authorization.length,
  });

  async function verify(authorization: string): Promise<Identity> {
    // RFC 6750, 2.1; the scheme is case-insensitive (RFC 9110, 11.1).
    const [, credential] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
    if (!credential) {
      log.debug({ reason: 'authorization: no Bearer credential' }, 'a caller was refused');
      throw new UnauthenticatedError();
    }
    const name = findKeyName(keys, credential);
    if (name !== null) return { owner: `key:${name}`, expiresAt: null };
    if (verifyToken === null) {
      log.debug({ reason: 'key: not in AUTH_API_KEYS' }, 'a caller was refused');
      throw new UnauthenticatedError();
    }
    return verifyToken(credential);
  }

  function recall(authorization: string | undefined): Identity | null {
    if (isOpen) return OPEN;
    const known = verified.get(authorization ?? '');
    const remaining = known ? known.until - Date.now() : 0;
    // More time left than at first: the clock was set back.
    return known && remaining > 0 && remaining <= REMEMBERED_MS ? known.identity : null;
  }

  return {
    isOpen,
    recall,
    async identify(authorization = '') {
      const known = recall(authorization);
      if (known) return known;
      const identity = await verify(authorization);
      const until = Math.min(
        Date.now() + REMEMBERED_MS,
        identity.expiresAt ?? Number.POSITIVE_INFINITY,
      );
      verified.set(authorization, { identity, until });
      return identity;
    },
  };
}

/** Compares with every key, so that the time taken does not reveal which one is close. */
function findKeyName(keys: Config['AUTH_API_KEYS'], credential: string): string | null {
  const given = hash('sha256', credential, 'buffer');
  const [match] = keys.filter(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), given));
  return match?.name ?? null;
}

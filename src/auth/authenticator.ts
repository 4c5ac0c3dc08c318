/** Who is asking. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config.ts';
import { UnauthenticatedError } from '../errors.ts';
import type { Identity } from './identity.ts';
import { createTokenVerifier } from './tokens.ts';

export interface Authenticator {
  /** Whether anybody may come in: then the Host header has to be watched. */
  readonly isOpen: boolean;
  /**
   * @param authorization the value of an `Authorization` header: `Bearer` and a token or key.
   * @throws UnauthenticatedError; GatewayUnavailableError when the keys cannot be had.
   */
  identify(authorization: string | undefined): Promise<Identity>;
}

const OPEN: Identity = { owner: 'open', expiresAt: null };

export function createAuthenticator(config: Config): Authenticator {
  const verifyToken = createTokenVerifier(config);
  const keys = config.AUTH_API_KEYS;
  const isOpen = verifyToken === null && keys.length === 0;

  return {
    isOpen,
    async identify(authorization) {
      if (isOpen) return OPEN;
      // RFC 6750, 2.1; the scheme in any case (RFC 9110, 11.1).
      const [, credential] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization ?? '') ?? [];
      if (!credential) throw new UnauthenticatedError();
      const name = findKeyName(keys, credential);
      if (name !== null) return { owner: `key:${name}`, expiresAt: null };
      if (verifyToken === null) throw new UnauthenticatedError();
      return verifyToken(credential);
    },
  };
}

/** Compares with every key, so that the time taken does not tell which one came near. */
function findKeyName(keys: Config['AUTH_API_KEYS'], credential: string): string | null {
  const given = createHash('sha256').update(credential).digest();
  const [match] = keys.filter(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), given));
  return match?.name ?? null;
}

/** JSON Web Tokens (RFC 7519): whose they are, if they are any good. */

import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Config } from '../config.ts';
import { GatewayUnavailableError, UnauthenticatedError } from '../errors.ts';
import type { Identity } from './identity.ts';
import { createIssuerKeys } from './issuer-keys.ts';

export type TokenVerifier = (token: string) => Promise<Identity>;

type TokenConfig = Pick<
  Config,
  'AUTH_JWT_SECRET' | 'AUTH_JWKS_URL' | 'AUTH_ISSUER' | 'AUTH_AUDIENCE' | 'AUTH_OWNER_CLAIM'
>;

/** What proves a token wrong; anything else (no keys to be had) proves nothing. */
const REFUSALS = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/**
 * Null where no tokens are configured. One kind of algorithm goes with one kind of key, so that a
 * public key can never be taken for a shared secret.
 */
export function createTokenVerifier(config: TokenConfig): TokenVerifier | null {
  const options: JWTVerifyOptions = {
    requiredClaims: ['exp', config.AUTH_OWNER_CLAIM],
    clockTolerance: 5,
    ...(config.AUTH_ISSUER ? { issuer: config.AUTH_ISSUER } : {}),
    ...(config.AUTH_AUDIENCE ? { audience: config.AUTH_AUDIENCE } : {}),
  };

  if (config.AUTH_JWKS_URL) {
    const keys = createIssuerKeys(config.AUTH_JWKS_URL);
    const algorithms = [
      'RS256',
      'RS384',
      'RS512',
      'PS256',
      'PS384',
      'PS512',
      'ES256',
      'ES384',
      'ES512',
      'EdDSA',
      'Ed25519',
    ];
    return (token) => verify(async () => jwtVerify(token, keys, { ...options, algorithms }));
  }
  if (config.AUTH_JWT_SECRET) {
    const secret = new TextEncoder().encode(config.AUTH_JWT_SECRET);
    return (token) =>
      verify(async () => jwtVerify(token, secret, { ...options, algorithms: ['HS256'] }));
  }
  return null;

  async function verify(check: () => Promise<{ payload: JWTPayload }>): Promise<Identity> {
    try {
      const { payload } = await check();
      return toIdentity(payload);
    } catch (error) {
      if (error instanceof UnauthenticatedError) throw error;
      if (REFUSALS.some((refusal) => error instanceof refusal)) throw new UnauthenticatedError();
      throw new GatewayUnavailableError({ cause: error });
    }
  }

  function toIdentity(payload: JWTPayload): Identity {
    const subject = payload[config.AUTH_OWNER_CLAIM];
    const issuer = payload.iss ?? '-';
    if (!isText(subject) || subject === '' || !isText(issuer) || payload.exp === undefined) {
      throw new UnauthenticatedError();
    }
    // An issuer may hold colons, a subject must not: or two owners could have one name.
    const name = subject.replace(/[%:]/g, encodeURIComponent);
    return { owner: `jwt:${issuer}:${name}`, expiresAt: payload.exp * 1_000 };
  }
}

/**
 * What every database keeps and tells from every other: text, and no longer than OpenID Connect has a
 * subject (Core, 2). Or two subjects could become one owner where they are stored.
 */
function isText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 255 &&
    value.isWellFormed() &&
    !value.includes('\0')
  );
}

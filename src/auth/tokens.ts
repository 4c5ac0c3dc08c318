/** Verifies JSON Web Tokens (RFC 7519) and derives their owner. */

import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { GatewayUnavailableError, UnauthenticatedError } from '../errors.ts';
import type { Identity } from './identity.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { toTokenOwner } from './owner-name.ts';
import { isRefusal, logRefusal, OwnerClaimError } from './token-refusals.ts';

export type TokenVerifier = (token: string) => Promise<Identity>;

type TokenConfig = Pick<
  Config,
  | 'AUTH_JWT_SECRET'
  | 'AUTH_JWKS_URL'
  | 'AUTH_ISSUER'
  | 'AUTH_AUDIENCE'
  | 'AUTH_OWNER_CLAIM'
  | 'AUTH_CLOCK_TOLERANCE_S'
>;
type Verify = (token: string) => Promise<JWTVerifyResult>;

/** Algorithms of an identity provider: public keys only. */
const PUBLIC_KEY_ALGORITHMS = [
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

/**
 * Null when no tokens are configured. Each kind of key accepts only its own algorithms, so that a public
 * key can never be used as a shared secret.
 */
export function createTokenVerifier(config: TokenConfig, log: Logger): TokenVerifier | null {
  const options: JWTVerifyOptions = {
    requiredClaims: ['exp', config.AUTH_OWNER_CLAIM],
    clockTolerance: config.AUTH_CLOCK_TOLERANCE_S,
    ...(config.AUTH_ISSUER ? { issuer: config.AUTH_ISSUER } : {}),
    ...(config.AUTH_AUDIENCE ? { audience: config.AUTH_AUDIENCE } : {}),
  };
  const verify = createVerify(config, options, log);
  if (verify === null) return null;

  return async (token) => {
    try {
      const { payload } = await verify(token);
      return toIdentity(payload, config);
    } catch (error) {
      if (!isRefusal(error)) {
        log.debug({ err: error }, 'a token could not be checked');
        throw new GatewayUnavailableError({ cause: error });
      }
      logRefusal(log, error, token, config);
      throw new UnauthenticatedError();
    }
  };
}

function createVerify(config: TokenConfig, shared: JWTVerifyOptions, log: Logger): Verify | null {
  if (config.AUTH_JWKS_URL) {
    const withKeys = createIssuerKeys(config.AUTH_JWKS_URL, log);
    const options = { ...shared, algorithms: PUBLIC_KEY_ALGORITHMS };
    return (token) => withKeys((keys) => verifyWithSet(token, keys, options));
  }
  if (config.AUTH_JWT_SECRET) {
    const secrets = config.AUTH_JWT_SECRET.map((secret) => new TextEncoder().encode(secret));
    const options = { ...shared, algorithms: ['HS256'] };
    return (token) => verifyWithAny(token, secrets, options);
  }
  return null;
}

async function verifyWithSet(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return verifyWithAny(token, error, options);
  }
}

/** Tries each key in order. @throws the error of the last key that could be tried. */
async function verifyWithAny(
  token: string,
  keys: Iterable<Uint8Array> | AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let failure = new errors.JWSSignatureVerificationFailed();
  for await (const key of keys) {
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      // jose's error for an unusable key, such as a short RSA key.
      if (error instanceof TypeError) continue;
      // Claims are checked after the signature, so that this is the key of the token.
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function toIdentity(payload: JWTPayload, config: TokenConfig): Identity {
  const claim = config.AUTH_OWNER_CLAIM;
  const subject = toSubject(payload[claim]);
  if (subject === null || subject === '') throw new OwnerClaimError(claim);
  const issuer = payload.iss ?? '-';
  if (!isText(issuer)) throw new OwnerClaimError('iss');
  if (payload.exp === undefined) throw new OwnerClaimError('exp');
  // The second from which jose refuses the token: sockets and streams end at the same time.
  const end = Math.ceil(payload.exp + config.AUTH_CLOCK_TOLERANCE_S);
  return { owner: toTokenOwner(issuer, subject), expiresAt: end * 1_000 };
}

/** Accepts numeric ids. Above 2^53 two of them could be parsed as the same number. */
function toSubject(value: unknown): string | null {
  if (Number.isSafeInteger(value)) return String(value);
  return isText(value) ? value : null;
}

/**
 * Text that every database stores unchanged, at most as long as an OpenID Connect subject (Core, 2).
 * Otherwise two subjects could become the same owner in the database.
 */
function isText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 255 &&
    value.isWellFormed() &&
    !value.includes('\0')
  );
}

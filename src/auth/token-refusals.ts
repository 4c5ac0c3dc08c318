/** Logs why a token was refused. The sender does not learn it. */

import { decodeProtectedHeader, errors } from 'jose';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';

/** A claim that the owner is made of has an unusable value. */
export class OwnerClaimError extends Error {
  readonly claim: string;

  constructor(claim: string) {
    super(`the claim ${claim} is neither text of 1 to 255 characters nor a whole number`);
    this.claim = claim;
  }
}

/** Errors that prove a token invalid; others, such as unavailable keys, prove nothing. */
const REFUSALS = [
  OwnerClaimError,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
];

export function isRefusal(error: unknown): error is Error {
  return REFUSALS.some((refusal) => error instanceof refusal);
}

/** At debug level, because anybody can send tokens. Never logs the token: it may be valid elsewhere. */
export function logRefusal(
  log: Logger,
  error: Error,
  token: string,
  config: Pick<Config, 'AUTH_ISSUER' | 'AUTH_AUDIENCE'>,
): void {
  if (!log.isLevelEnabled('debug')) return;
  log.debug({ reason: explain(error, config), ...toHeader(token) }, 'a token was refused');
}

function explain(
  error: Error,
  { AUTH_ISSUER, AUTH_AUDIENCE }: Pick<Config, 'AUTH_ISSUER' | 'AUTH_AUDIENCE'>,
): string {
  if (error instanceof errors.JWTExpired) return 'exp: the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason, payload } = error;
    if (reason === 'missing') return `${claim}: the token has no such claim`;
    if (claim === 'iss') return `iss: is ${show(payload.iss)} and not AUTH_ISSUER, ${AUTH_ISSUER}`;
    if (claim === 'aud')
      return `aud: is ${show(payload.aud)} and does not contain AUTH_AUDIENCE, ${AUTH_AUDIENCE}`;
    if (claim === 'nbf' && reason !== 'invalid') return 'nbf: the token is not valid yet';
    return `${claim}: ${error.message}`;
  }
  if (error instanceof OwnerClaimError) return `${error.claim}: ${error.message}`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'alg: the algorithm is not allowed here';
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'kid: no key of AUTH_JWKS_URL has this kid and algorithm';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'signature: it was made with another key';
  return `format: ${error.message}`;
}

function toHeader(token: string): { alg?: string; kid?: string } {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return { ...(alg && { alg: cut(alg) }), ...(kid && { kid: cut(kid) }) };
  } catch {
    // The header is unreadable, which the reason already says.
    return {};
  }
}

function show(value: unknown): string {
  return cut(JSON.stringify(value) ?? 'missing');
}

/** The sender chooses the text, so its length is bounded. */
function cut(text: unknown): string {
  return String(text).slice(0, 200);
}

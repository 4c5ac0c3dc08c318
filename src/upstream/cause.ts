import type { Redact } from './redact.ts';

/**
 * The error as far as it may be shown: name, code and message. The original stays behind because
 * undici's errors can carry what the upstream sent (`HTTPParserError.data`), where secrets may be
 * echoed, and OpenSSL's carry certificates.
 */
export function toSafeCause(error: Error, redact: Redact): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  // An AggregateError (every address of a name failed) has a code and no message.
  const safe = new Error(redact(error.message || code || 'unknown'));
  safe.name = error.name;
  return code === null ? safe : Object.assign(safe, { code });
}

import type { Redact } from './redact.ts';

/**
 * A copy of the error that is safe to log: name, code and message. undici's errors can contain data of
 * the upstream (`HTTPParserError.data`), which may echo secrets, and OpenSSL's contain certificates.
 */
export function toSafeCause(error: Error, redact: Redact): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  // An AggregateError (every address of a name failed) has a code and no message.
  const safe = new Error(redact(error.message || code || 'unknown'));
  safe.name = error.name;
  return code === null ? safe : Object.assign(safe, { code });
}

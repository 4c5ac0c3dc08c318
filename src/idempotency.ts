/** Idempotency keys: a repeated request must have the same input as the first one with its key. */

import { hash } from 'node:crypto';
import { IdempotencyConflictError } from './errors.ts';

/** Equal for equal inputs. Fingerprints are stored, so the lists that callers pass must never change. */
export function toFingerprint(fields: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(fields));
}

/**
 * @param first the fingerprint of the first request with the key.
 * @throws IdempotencyConflictError
 */
export function checkSameInput(first: string, repeated: string): void {
  if (first !== repeated) throw new IdempotencyConflictError();
}

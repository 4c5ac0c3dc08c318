/** Verifies `X-Webhook-Signature`, which authenticates the sender and the task id but not the body. */

import { createHmac, timingSafeEqual } from 'node:crypto';

/** The maximum clock difference in seconds, in either direction. */
const WINDOW_S = 300;

export interface SignatureHeaders {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
}

/** Whether a callback carries a current signature, valid or not: without a task id it cannot be verified. */
export function claimsSignature(
  headers: SignatureHeaders,
  nowMs = Date.now(),
): headers is { timestamp: string; signature: string } {
  const { timestamp, signature } = headers;
  if (!timestamp || !signature || !/^\d{1,12}$/.test(timestamp)) return false;
  return Math.abs(nowMs / 1_000 - Number(timestamp)) <= WINDOW_S;
}

/**
 * base64(HMAC-SHA256(task id + "." + timestamp, key)) under any of the keys, so that a key can be
 * replaced without a gap (`upstream` documentation of webhook signatures).
 */
export function isSigned(
  headers: SignatureHeaders,
  taskId: string,
  keys: readonly string[],
  nowMs = Date.now(),
): boolean {
  if (!claimsSignature(headers, nowMs)) return false;
  const { timestamp, signature } = headers;
  const given = Buffer.from(signature, 'base64');
  // Every key is tried, so that the time taken does not reveal which one matched.
  return keys
    .map((key) => createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest())
    .map((expected) => expected.length === given.length && timingSafeEqual(expected, given))
    .includes(true);
}

/** The secret address of one task's callback: it names the row, and proves who knows it. */

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A proxy on the way may have doubled a slash, or added one at the end, or a query. */
const PATH = /^\/+callbacks\/+([0-9a-f-]{36})\/+([A-Za-z0-9_-]{43})\/*(?:\?.*)?$/s;

/** 256 random bits, base64url. Goes out in the URL and is kept nowhere. */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What the row keeps of its token: SHA-256 in hex. */
export function hashToken(token: string): string {
  return hash('sha256', token);
}

export function toCallbackUrl(publicUrl: string, id: string, token: string): string {
  return `${publicUrl}/callbacks/${id}/${token}`;
}

export interface CallbackAddress {
  /** The row's. */
  readonly id: string;
  readonly token: string;
}

/** The row's id and the token out of a request's target; null where it has not their form. */
export function parseCallbackPath(path: string): CallbackAddress | null {
  const [, id, token] = PATH.exec(path) ?? [];
  return id && token ? { id, token } : null;
}

export function isTokenOf(tokenHash: string, token: string): boolean {
  const known = Buffer.from(tokenHash, 'hex');
  const given = Buffer.from(hashToken(token), 'hex');
  return known.length === given.length && timingSafeEqual(known, given);
}

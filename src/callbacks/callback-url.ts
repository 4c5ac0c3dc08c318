/** The secret callback URL of a task: it names the row and contains the token that authenticates it. */

import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Tolerates what proxies add: a doubled slash, a trailing slash, a query. */
const PATH = /^\/+callbacks\/+([0-9a-f-]{36})\/+([A-Za-z0-9_-]{43})\/*(?:\?.*)?$/s;

/** 256 random bits, base64url. Sent in the URL and stored nowhere. */
export function createToken(): string {
  return randomBytes(32).toString('base64url');
}

/** The stored form of a token: SHA-256 in hex. */
export function hashToken(token: string): string {
  return hash('sha256', token);
}

export function toCallbackUrl(publicUrl: string, id: string, token: string): string {
  return `${publicUrl}/callbacks/${id}/${token}`;
}

export interface CallbackAddress {
  /** The id of the row. */
  readonly id: string;
  readonly token: string;
}

/** Parses the row's id and the token from a request target; null when it has another form. */
export function parseCallbackPath(path: string): CallbackAddress | null {
  const [, id, token] = PATH.exec(path) ?? [];
  return id && token ? { id, token } : null;
}

/** Whether the token is the row's: of its last request, or of an earlier one that was refused for a while. */
export function isTokenOf(
  row: { readonly token_hash: string; readonly earlier_token_hashes: string | null },
  token: string,
): boolean {
  const given = Buffer.from(hashToken(token), 'hex');
  const hashes = [row.token_hash, ...(row.earlier_token_hashes?.split(' ') ?? [])];
  return hashes.some((hash) => {
    const known = Buffer.from(hash, 'hex');
    return known.length === given.length && timingSafeEqual(known, given);
  });
}

/** Owners with API keys, by name. */

import { createHash } from 'node:crypto';

const toKey = (name: string) => `key-of-${name}`;

/** The setting that lets these owners in. */
export function toApiKeys(names: readonly string[]): string {
  return names
    .map((name) => `${name}:${createHash('sha256').update(toKey(name)).digest('hex')}`)
    .join();
}

/** The `Authorization` of an owner. */
export function authorizationOf(name: string): string {
  return `Bearer ${toKey(name)}`;
}

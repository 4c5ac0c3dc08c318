/** The bearer token, and what happens when it is missing or has expired. */

import type { CombinedError } from '@urql/core';
import { useSyncExternalStore } from 'react';
import { local, session, store } from './storage.ts';

const KEY = 'longtake.token';

/** Only for this tab. An app with an identity provider gets a token from it instead. */
const token = session?.getItem(KEY) ?? null;

/** Begins the names of what is stored: what one user has written or sent is not for another. */
export const namespace = toNamespace(token);

let isAsked = false;
const listeners = new Set<() => void>();

export const getToken = (): string | null => token;

/** For the headers of a request, and for `connectionParams` of a WebSocket, which has no headers. */
export function toAuthorization(): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** The gateway has refused the token, or requires one. */
export function askToSignIn(): void {
  isAsked = true;
  for (const notify of listeners) notify();
}

export function isUnauthenticated({ graphQLErrors }: CombinedError): boolean {
  return graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED');
}

/** Reloads the page, which drops everything read for another user. Pending submits are kept. */
export function signIn(next: string): void {
  store(session, KEY, next);
  if (token === null) adopt(toNamespace(next));
  location.reload();
}

/** Gives the user what was written and sent in this browser before somebody signed in. */
function adopt(owner: string): void {
  for (const name of Object.keys(local ?? {})) {
    const [, rest] = /^longtake(\.(submit|drafts).*)$/.exec(name) ?? [];
    if (rest === undefined) continue;
    local?.setItem(owner + rest, local.getItem(name) ?? '');
    local?.removeItem(name);
  }
}

/** The subject of a JWT names the user. Other tokens belong to servers. */
function toNamespace(given: string | null): string {
  const payload = given?.split('.')[1];
  if (!payload) return 'longtake';
  try {
    const { sub } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return `longtake of ${sub}`;
  } catch {
    // The gateway will refuse it.
    return 'longtake';
  }
}

/** Whether a token is required, and whether there was one. */
export function useSession(): { isAsked: boolean; hadToken: boolean } {
  const asked = useSyncExternalStore(
    (notify) => {
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    () => isAsked,
  );
  return { isAsked: asked, hadToken: token !== null };
}

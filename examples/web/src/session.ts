/** The bearer token, and what happens when it is missing or has expired. */

import type { CombinedError } from '@urql/core';
import { useSyncExternalStore } from 'react';
import { session, store } from './storage.ts';

const KEY = 'longtake.token';

/** Only for this tab. An app with an identity provider gets a token from it instead. */
const token = session?.getItem(KEY) ?? null;

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
  location.reload();
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

/** Who is asking: a bearer token, and what happens when it is missing or has expired. */

import type { CombinedError } from '@urql/core';
import { useSyncExternalStore } from 'react';

const KEY = 'longtake.token';

/** For this tab alone. An app with an identity provider asks that for a token instead. */
const token = sessionStorage.getItem(KEY);

let isAsked = false;
const listeners = new Set<() => void>();

/** For the headers of a request, and for `connectionParams` of a WebSocket, which has no headers. */
export function toAuthorization(): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** The gateway does not accept the token, or wants one. */
export function askToSignIn(): void {
  isAsked = true;
  for (const tell of listeners) tell();
}

export function isUnauthenticated({ graphQLErrors }: CombinedError): boolean {
  return graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED');
}

/** Loads the page anew: nothing that was read for another user stays, and what is pending is kept. */
export function signIn(next: string): void {
  sessionStorage.setItem(KEY, next);
  location.reload();
}

/** Whether to ask for a token, and whether there was one. */
export function useSession(): { isAsked: boolean; hadToken: boolean } {
  const asked = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => isAsked,
  );
  return { isAsked: asked, hadToken: token !== null };
}

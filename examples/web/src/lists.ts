/** Tells the lists of videos that they are stale: a video is new, or has another state. */

import { useSyncExternalStore } from 'react';

let version = 0;
const listeners = new Set<() => void>();

export function readListsAgain(): void {
  version += 1;
  for (const tell of listeners) tell();
}

/** A number that changes whenever the lists have to be read again. */
export function useListVersion(): number {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => version,
  );
}

/** The WebSocket for all subscriptions, and its state. */

import { createClient } from 'graphql-ws';
import { useSyncExternalStore } from 'react';
import { askToSignIn, toAuthorization } from './session.ts';

export type Connection = 'connecting' | 'open' | 'lost';

const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
const LONGEST_WAIT_MS = 8_000;
/** The token is missing, refused or expired. */
const FORBIDDEN = 4403;

const address = document.querySelector<HTMLMetaElement>('meta[name=gateway]')?.content;
export const gatewayUrl = new URL(address || '/graphql', location.href).href;

let connection: Connection = 'connecting';
let pongTimer: number | undefined;
const listeners = new Set<() => void>();

export const socket = createClient({
  url: gatewayUrl.replace(/^http/, 'ws'),
  // Called for each connection: browsers cannot set headers on a WebSocket.
  connectionParams: toAuthorization,
  retryAttempts: Number.POSITIVE_INFINITY,
  shouldRetry: () => true,
  retryWait: async (retries) => {
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** retries) * (0.5 + Math.random() / 2);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, navigator.onLine ? wait : LONGEST_WAIT_MS);
      window.addEventListener('online', () => resolve(), { once: true });
    });
  },
  // A missing pong reveals a connection that died silently.
  keepAlive: PING_EVERY_MS,
  on: {
    ping(received) {
      if (!received) pongTimer = window.setTimeout(() => socket.terminate(), PONG_WITHIN_MS);
    },
    pong(received) {
      if (received) clearTimeout(pongTimer);
    },
    connected: () => become('open'),
    closed(event) {
      if (event instanceof CloseEvent && event.code === FORBIDDEN) askToSignIn();
      clearTimeout(pongTimer);
      become('lost');
    },
  },
});

// The browser knows at once that it is offline; a ping would take seconds.
window.addEventListener('offline', () => {
  become('lost');
  socket.terminate();
});

function become(next: Connection): void {
  connection = next;
  for (const notify of listeners) notify();
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (notify) => {
      listeners.add(notify);
      return () => listeners.delete(notify);
    },
    () => connection,
  );
}

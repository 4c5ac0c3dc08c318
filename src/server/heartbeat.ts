/** Finds out which sockets have gone without a word: one timer for all of them. */

import type { WebSocket, WebSocketServer } from 'ws';

const EVERY_MS = 12_000;

/** Pings every socket, and ends those that have not answered until the next time. */
export function startHeartbeat(server: WebSocketServer, everyMs = EVERY_MS): { stop(): void } {
  const silent = new WeakSet<WebSocket>();

  function onPong(this: WebSocket): void {
    silent.delete(this);
  }

  function beat(): void {
    for (const socket of server.clients) {
      if (silent.has(socket)) {
        socket.terminate();
        continue;
      }
      if (socket.readyState !== socket.OPEN) continue;
      if (socket.listenerCount('pong', onPong) === 0) socket.on('pong', onPong);
      silent.add(socket);
      socket.ping();
    }
  }

  const timer = setInterval(beat, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}

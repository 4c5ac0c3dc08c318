/** Detects dead WebSockets by pings, with one timer for all of them. */

import type { WebSocket, WebSocketServer } from 'ws';

const EVERY_MS = 12_000;
/** Spreads the pings: 5,000 at once would block the event loop for 0.1 s. */
const SLICES = 50;

/** Pings every WebSocket once per `everyMs`, and terminates those that have not answered the last ping. */
export function startHeartbeat(server: WebSocketServer, everyMs = EVERY_MS): { stop(): void } {
  /** When the unanswered ping was sent, by `performance.now()`. */
  const unanswered = new WeakMap<WebSocket, number>();
  let slice = 0;
  let round = server.clients.values();

  function onPong(this: WebSocket): void {
    unanswered.delete(this);
  }

  function ping(socket: WebSocket): void {
    const since = unanswered.get(socket);
    if (since !== undefined) {
      // A round gets shorter when others leave, so check the time as well.
      if (performance.now() - since >= everyMs / 2) socket.terminate();
      return;
    }
    if (socket.readyState !== socket.OPEN) return;
    if (socket.listenerCount('pong', onPong) === 0) socket.on('pong', onPong);
    unanswered.set(socket, performance.now());
    socket.ping();
  }

  /** New WebSockets join at the end of the round, or in the next one. */
  function beat(): void {
    if (slice === 0) round = server.clients.values();
    slice = (slice + 1) % SLICES;
    const share = Math.ceil(server.clients.size / SLICES);
    for (const socket of round.take(share)) ping(socket);
  }

  const timer = setInterval(beat, everyMs / SLICES).unref();
  return { stop: () => clearInterval(timer) };
}

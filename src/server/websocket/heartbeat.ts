/** Finds out which sockets have gone without a word: one timer for all of them. */

import type { WebSocket, WebSocketServer } from 'ws';

const EVERY_MS = 12_000;
/** All at once would keep the event loop from everything else: 5,000 pings are a tenth of a second. */
const SLICES = 50;

/** Pings every socket in turn, and ends those that have not answered until their next turn. */
export function startHeartbeat(server: WebSocketServer, everyMs = EVERY_MS): { stop(): void } {
  /** When those were pinged that have not answered, by `performance.now()`. */
  const silent = new WeakMap<WebSocket, number>();
  let slice = 0;
  let round = server.clients.values();

  function onPong(this: WebSocket): void {
    silent.delete(this);
  }

  function ping(socket: WebSocket): void {
    const since = silent.get(socket);
    if (since !== undefined) {
      // Where others have left, one's next turn can come at once.
      if (performance.now() - since >= everyMs / 2) socket.terminate();
      return;
    }
    if (socket.readyState !== socket.OPEN) return;
    if (socket.listenerCount('pong', onPong) === 0) socket.on('pong', onPong);
    silent.set(socket, performance.now());
    socket.ping();
  }

  /** Who comes during a round stands at its end, and may have to wait for the next. */
  function beat(): void {
    if (slice === 0) round = server.clients.values();
    slice = (slice + 1) % SLICES;
    const share = Math.ceil(server.clients.size / SLICES);
    for (const socket of round.take(share)) ping(socket);
  }

  const timer = setInterval(beat, everyMs / SLICES).unref();
  return { stop: () => clearInterval(timer) };
}

/** Limits how many pings and pongs a WebSocket client may send. */

import type { WebSocket } from 'ws';

/**
 * The gateway requests one pong every 12 s, and clients ping every few seconds. Each ping costs an
 * answer, and control frames between the fragments of a message make `ws` keep larger buffers.
 */
const MAX_FRAMES = 100;
const WINDOW_MS = 12_000;

export function limitControlFrames(socket: WebSocket, onExcess: () => void): void {
  /** By `performance.now()`. */
  let startedAt = 0;
  let frames = 0;
  function count(): void {
    const now = performance.now();
    if (now - startedAt > WINDOW_MS) {
      startedAt = now;
      frames = 0;
    }
    frames += 1;
    if (frames > MAX_FRAMES) onExcess();
  }
  socket.on('ping', count);
  socket.on('pong', count);
}

/** Bounds the pings and pongs of a WebSocket's client. */

import type { WebSocket } from 'ws';

/**
 * The gateway asks for one pong every 12 s, and clients that ping by themselves do so every few
 * seconds. Frames between the fragments of a message make `ws` keep larger buffers alive for each
 * fragment, and each ping makes the gateway answer.
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

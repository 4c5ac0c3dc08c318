/** Limits how many pings and pongs a WebSocket client may send. */

import type { WebSocket } from 'ws';
import { CONTROL_FRAMES_WINDOW_MS, MAX_CONTROL_FRAMES } from './limits.ts';

export function limitControlFrames(socket: WebSocket, onExcess: () => void): void {
  /** By `performance.now()`. */
  let startedAt = 0;
  let frames = 0;
  function count(): void {
    const now = performance.now();
    if (now - startedAt > CONTROL_FRAMES_WINDOW_MS) {
      startedAt = now;
      frames = 0;
    }
    frames += 1;
    if (frames > MAX_CONTROL_FRAMES) onExcess();
  }
  socket.on('ping', count);
  socket.on('pong', count);
}

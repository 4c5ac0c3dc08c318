/** Ends a WebSocket whose client sends too many pings and pongs. */

import type { WebSocket } from 'ws';

/**
 * The gateway asks for one pong every 12 s, and clients that ping by themselves do so every few
 * seconds. Frames between the fragments of a message make `ws` keep larger buffers alive for each
 * fragment, and each ping makes the gateway answer.
 */
const MOST_FRAMES = 100;
const WINDOW_MS = 12_000;
/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008;

interface Window {
  /** By `performance.now()`. */
  begun: number;
  frames: number;
}

const windows = new WeakMap<WebSocket, Window>();

export function limitControlFrames(socket: WebSocket): void {
  socket.on('ping', countFrame);
  socket.on('pong', countFrame);
}

function countFrame(this: WebSocket): void {
  const now = performance.now();
  const window = windows.get(this);
  if (!window || now - window.begun > WINDOW_MS) {
    windows.set(this, { begun: now, frames: 1 });
    return;
  }
  window.frames += 1;
  if (window.frames <= MOST_FRAMES) return;
  this.close(POLICY_VIOLATION, 'Too many pings and pongs');
  this.terminate();
}

/** Limits HTTP pipelining: requests that a client sends before it has read the earlier answers. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node reads up to 64 KiB ahead, which is 1,500 small requests. Clients that pipeline send about ten. */
const MAX_UNANSWERED = 64;

/** Returns false, and closes the connection, for a request above the limit. */
export function createPipelineLimit(): (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean {
  const unanswered = new WeakMap<Socket, number>();
  return (request, response) => {
    const { socket } = request;
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > MAX_UNANSWERED) socket.destroy();
    if (socket.destroyed) return false;
    unanswered.set(socket, count);
    response.on('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    return true;
  };
}

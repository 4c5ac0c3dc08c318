/** Bounds HTTP pipelining: requests that a client sends before it has read the answers. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Node takes in all that 64 KiB can hold, 1,500 small ones; clients that pipeline send some ten. */
const MAX_UNANSWERED = 64;

/** Ends the connection of a request that is one too many; false: it must not be handled. */
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

/** Closes the HTTP server without cutting off answers that are in progress. */

import type { Server, ServerResponse } from 'node:http';
import { isEventStream } from '../sse/event-streams.ts';

export interface ConnectionDrain {
  /**
   * Refuses new connections, cuts event streams (their clients reconnect to another replica), waits for
   * all other answers, and resolves when the last connection is closed.
   */
  close(): Promise<void>;
  /** Cuts the remaining connections. */
  destroy(): void;
}

export function createConnectionDrain(server: Server): ConnectionDrain {
  const responses = new Set<ServerResponse>();
  let isClosing = false;
  function forget(this: ServerResponse): void {
    responses.delete(this);
  }
  server.on('request', (_request, response: ServerResponse) => {
    responses.add(response);
    response.on('close', forget);
    if (isClosing) response.setHeader('connection', 'close');
  });

  return {
    close() {
      isClosing = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const response of responses) {
        if (isEventStream(response)) {
          response.destroy();
        } else if (!response.headersSent) {
          response.setHeader('connection', 'close');
        }
      }
      server.closeIdleConnections();
      return promise;
    },
    destroy: () => server.closeAllConnections(),
  };
}

/** The end of a server: every answer that is being given is given. */

import type { Server, ServerResponse } from 'node:http';

/** Follows the responses of a server, so that it can be closed without cutting one off. */
export interface ConnectionDrain {
  /**
   * Takes no new connection, cuts event streams (their clients connect again, elsewhere), waits for
   * the other answers, and resolves when the last connection has gone.
   */
  close(): Promise<void>;
  /** Cuts what is left. */
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
        if (String(response.getHeader('content-type')).includes('text/event-stream')) {
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

/** Which web pages may talk to the gateway: those of its own origin, and those on the list. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { isLoopback } from '../config.ts';

export interface Door {
  /**
   * Says in the answer's headers that the page may read it (Fetch standard, CORS protocol);
   * strangers get no such header at all.
   */
  allowOrigin(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Browsers do not apply CORS to WebSockets, so their upgrade is checked here. No browser, no
   * origin.
   */
  isOriginKnown(request: IncomingMessage): boolean;
  /**
   * A page whose name was made to point here (DNS rebinding) would pass for our own origin, and
   * where nobody has to say who is asking it could spend. Its Host header gives it away.
   */
  isHostKnown(request: IncomingMessage): boolean;
}

export function createDoor(parts: {
  readonly origins: readonly string[];
  /** Whether nobody has to say who is asking. */
  readonly isOpen: boolean;
  readonly publicUrl: () => string;
}): Door {
  const { origins, isOpen, publicUrl } = parts;
  return {
    allowOrigin(request, response) {
      if (origins.length > 0) response.setHeader('vary', 'origin');
      const { origin } = request.headers;
      if (!origin || !origins.includes(origin)) return;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
      if (request.method !== 'OPTIONS') return;
      response.setHeader('access-control-allow-methods', 'GET, POST');
      response.setHeader(
        'access-control-allow-headers',
        'authorization, content-type, x-request-id',
      );
      response.setHeader('access-control-max-age', '7200');
    },
    isOriginKnown({ headers: { origin, host } }) {
      if (origin === undefined) return true;
      return origins.includes(origin) || URL.parse(origin)?.host === host;
    },
    isHostKnown({ headers: { host } }) {
      if (!isOpen) return true;
      const name = URL.parse(`http://${host}`)?.hostname ?? '';
      return isLoopback(name) || name === new URL(publicUrl()).hostname;
    },
  };
}

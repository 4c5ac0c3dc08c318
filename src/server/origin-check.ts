/** Origin check: only pages of the gateway's own origin and of CORS_ORIGINS may use it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config.ts';
import { isLoopback } from '../loopback.ts';

export interface OriginCheck {
  /**
   * Sets the CORS headers that let a page of an allowed origin read the response (Fetch standard). Other
   * origins get none.
   */
  allowOrigin(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Checks the upgrade of a WebSocket, to which browsers do not apply CORS. Clients that are not
   * browsers send no Origin and are allowed.
   */
  isOriginAllowed(request: IncomingMessage): boolean;
  /**
   * Prevents DNS rebinding: a foreign host name that resolves to this gateway would pass for our own
   * origin, and without authentication its pages could spend credits. Allows loopback names and the host
   * of PUBLIC_URL, and any host for pages of an allowed origin.
   */
  isHostAllowed(request: IncomingMessage): boolean;
}

/** The allowed headers when a preflight names none. */
const HEADERS_READ = 'authorization, content-type, x-request-id';
/** `#field-name` (RFC 9110, 5.1 and 5.6.1). */
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;

export function createOriginCheck(parts: {
  readonly config: Pick<Config, 'CORS_ORIGINS' | 'PUBLIC_URL'>;
  /** Whether authentication is off. */
  readonly isOpen: boolean;
  /** PUBLIC_URL, or the address on which the gateway listens. */
  readonly publicUrl: () => string;
}): OriginCheck {
  const { config, isOpen, publicUrl } = parts;
  const origins = new Set(config.CORS_ORIGINS);
  // Needed behind a proxy that rewrites the Host header.
  if (config.PUBLIC_URL !== undefined) origins.add(new URL(config.PUBLIC_URL).origin);

  return {
    allowOrigin(request, response) {
      if (origins.size === 0) return;
      const isPreflight = request.method === 'OPTIONS';
      response.setHeader('vary', isPreflight ? 'origin, access-control-request-headers' : 'origin');
      const { origin } = request.headers;
      if (!origin || !origins.has(origin)) return;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
      if (!isPreflight) return;
      // Allows any header, because tracing and client libraries add their own. Credentials stay forbidden.
      const asked = request.headers['access-control-request-headers'] ?? '';
      response.setHeader('access-control-allow-methods', 'GET, POST');
      response.setHeader(
        'access-control-allow-headers',
        FIELD_NAMES.test(asked) ? asked : HEADERS_READ,
      );
      response.setHeader('access-control-max-age', '7200');
    },
    isOriginAllowed({ headers: { origin, host } }) {
      return origin === undefined || origins.has(origin) || isSameOrigin(origin, host);
    },
    isHostAllowed({ headers: { host, origin } }) {
      if (!isOpen || (origin !== undefined && origins.has(origin))) return true;
      const name = URL.parse(`http://${host}`)?.hostname ?? '';
      return isLoopback(name) || name === new URL(publicUrl()).hostname;
    },
  };
}

/** Compares host and port. A proxy may end TLS, so the origin's scheme decides the default port. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  if (host === undefined || !page || !/^https?:$/.test(page.protocol)) return false;
  return URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}

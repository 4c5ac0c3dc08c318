/** Origin check: only pages of the gateway's own origin and of CORS_ORIGINS may use it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config.ts';
import { isLoopback } from '../config-values.ts';

export interface OriginCheck {
  /**
   * Says in the answer's headers that the page may read it (Fetch standard, CORS protocol);
   * strangers get no such header at all.
   */
  allowOrigin(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Browsers do not apply CORS to WebSockets, so their upgrade is checked here. No browser, no
   * origin.
   */
  isOriginAllowed(request: IncomingMessage): boolean;
  /**
   * A page whose host name was made to resolve to the gateway (DNS rebinding) has the gateway's own origin,
   * and could spend credits where no authentication is required. Its Host header reveals it. A page of
   * a listed origin cannot be one.
   */
  isHostAllowed(request: IncomingMessage): boolean;
}

/** Of a preflight that does not ask for names. */
const HEADERS_READ = 'authorization, content-type, x-request-id';
/** `#field-name` (RFC 9110, 5.1 and 5.6.1). */
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;

export function createOriginCheck(parts: {
  readonly config: Pick<Config, 'CORS_ORIGINS' | 'PUBLIC_URL'>;
  /** Whether no authentication is required. */
  readonly isOpen: boolean;
  /** PUBLIC_URL, or where the gateway listens. */
  readonly publicUrl: () => string;
}): OriginCheck {
  const { config, isOpen, publicUrl } = parts;
  const origins = new Set(config.CORS_ORIGINS);
  // Behind a proxy that rewrites the Host, nothing else tells the origin of our own pages.
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
      // Names, and no credentials: tracing and client libraries add headers of their own.
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

/** The scheme is the origin's, because TLS ends at a proxy; it decides which port is the default. */
function isSameOrigin(origin: string, host: string | undefined): boolean {
  const page = URL.parse(origin);
  if (host === undefined || !page || !/^https?:$/.test(page.protocol)) return false;
  return URL.parse(`${page.protocol}//${host}`)?.host === page.host;
}

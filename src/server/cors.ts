/** Which web pages may talk to the gateway: those of its own origin, and those on the list. */

import type { IncomingMessage, ServerResponse } from 'node:http';

/** Says so in the headers (Fetch standard, CORS protocol); strangers get no such header at all. */
export function allowOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[],
): void {
  if (origins.length > 0) response.setHeader('vary', 'origin');
  const { origin } = request.headers;
  if (!origin || !origins.includes(origin)) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('access-control-allow-methods', 'GET, POST');
  response.setHeader('access-control-allow-headers', 'authorization, content-type, x-request-id');
  response.setHeader('access-control-max-age', '7200');
}

/** Browsers do not apply CORS to WebSockets, so the upgrade is checked here. No browser, no origin. */
export function isOriginAllowed(request: IncomingMessage, origins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  return origins.includes(origin) || URL.parse(origin)?.host === host;
}

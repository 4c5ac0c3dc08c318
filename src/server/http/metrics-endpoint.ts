/** `/metrics`: no secret and no name of an owner, but the numbers of all of them. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PrometheusMetrics } from '../../telemetry/prometheus.ts';
import type { OriginCheck } from '../origin-check.ts';

/**
 * Where it is known who is asking of `/graphql`, it has to be known here as well: without a token of
 * its own it is not served there.
 */
export function createMetricsEndpoint(parts: {
  readonly metrics: Pick<PrometheusMetrics, 'scrape' | 'contentType'>;
  readonly token: string | undefined;
  readonly isOpen: boolean;
  readonly originCheck: OriginCheck;
}) {
  const { metrics, token, isOpen, originCheck } = parts;
  const digest = token === undefined ? null : toDigest(`Bearer ${token}`);

  function findRefusal(request: IncomingMessage): number | null {
    if (digest !== null) {
      const given = toDigest(request.headers.authorization ?? '');
      return timingSafeEqual(given, digest) ? null : 401;
    }
    if (!isOpen) return 404;
    return originCheck.isHostAllowed(request) ? null : 403;
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refusal = findRefusal(request);
    if (refusal !== null) {
      if (refusal === 401) response.setHeader('www-authenticate', 'Bearer');
      response.writeHead(refusal).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    const text = await metrics.scrape();
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  };
}

function toDigest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

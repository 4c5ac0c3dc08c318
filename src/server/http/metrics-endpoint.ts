/** Serves `/metrics`. It contains numbers of all owners together, and no secret or owner's name. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PrometheusMetrics } from '../../telemetry/prometheus.ts';
import type { OriginCheck } from '../origin-check.ts';

/**
 * When `/graphql` requires authentication, this endpoint requires METRICS_TOKEN, and answers 404 when
 * that is not set.
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

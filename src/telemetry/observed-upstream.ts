import { GatewayUnavailableError, UpstreamUnreachableError } from '../errors.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { ACCEPTED, CODES_AS_STATUS } from '../upstream/codes.ts';
import { readCode } from '../upstream/envelope.ts';
import type { Answer } from '../upstream/exchange.ts';
import type { Metrics } from './metrics.ts';
import type { Tracing } from './tracing.ts';

/** Codes with a label of their own. All others share one, because the upstream may send any number. */
const KNOWN: ReadonlySet<number> = new Set([ACCEPTED, 404, 433, 500, ...CODES_AS_STATUS]);

/** Wraps the client so that each call is counted and traced. */
export function observeCalls(
  client: UpstreamClient,
  metrics: Metrics,
  tracing: Tracing,
): UpstreamClient {
  async function observe(
    method: 'GET' | 'POST',
    path: string,
    call: () => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const begun = performance.now();
    let code = 'left';
    let fault: unknown;
    const span = tracing.start({
      // Without the query, which contains a task id. No trace headers are sent to the upstream.
      name: `${method} ${path.split('?')[0]}`,
      kind: 'client',
      attributes: { 'http.request.method': method },
    });
    try {
      const answer = await span.run(call);
      code = toLabel(answer);
      return answer;
    } catch (error) {
      // A GatewayUnavailableError means that it was too late to send the request.
      if (!signal?.aborted && !(error instanceof GatewayUnavailableError))
        code = error instanceof UpstreamUnreachableError ? 'unreachable' : 'lost';
      fault = error;
      throw error;
    } finally {
      metrics.upstreamCall(method, code, (performance.now() - begun) / 1_000);
      span.set('longtake.upstream.code', code);
      span.end(fault);
    }
  }

  return {
    timeoutMs: client.timeoutMs,
    redact: client.redact,
    noteUnknownState(word) {
      metrics.unknownState();
      client.noteUnknownState(word);
    },
    close: () => client.close(),
    read: (path, limits) => observe('GET', path, () => client.read(path, limits), limits.signal),
    submit: (path, body, leaving) =>
      observe('POST', path, () => client.submit(path, body, leaving)),
  };
}

function toLabel(answer: Answer): string {
  const code = readCode(answer);
  if (code === null) return 'unreadable';
  return KNOWN.has(code) ? String(code) : 'other';
}

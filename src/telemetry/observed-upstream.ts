import { GatewayUnavailableError, UpstreamUnreachableError } from '../errors.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { ACCEPTED, CODES_AS_STATUS } from '../upstream/codes.ts';
import { readCode } from '../upstream/envelope.ts';
import type { Answer } from '../upstream/exchange.ts';
import type { Metrics } from './metrics.ts';
import type { Tracing } from './tracing.ts';

/** Codes that are counted by themselves; the rest is one, for the upstream may send any number. */
const KNOWN: ReadonlySet<number> = new Set([ACCEPTED, 404, 433, 500, ...CODES_AS_STATUS]);

/** The client, with each of its calls counted and traced. */
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
      // Without the query, which names a task. The upstream is a stranger: it is not told of the trace.
      name: `${method} ${path.split('?')[0]}`,
      kind: 'client',
      attributes: { 'http.request.method': method },
    });
    try {
      const answer = await span.run(call);
      code = toLabel(answer);
      return answer;
    } catch (error) {
      // Also what was too late to be sent has not come to the upstream's notice.
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

import { UpstreamUnreachableError } from '../errors.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { UpstreamClient } from './client.ts';
import { ACCEPTED, CODES_AS_STATUS } from './codes.ts';
import { readCode } from './envelope.ts';
import type { Answer } from './exchange.ts';

/** The reference's codes; others are counted as one, for the upstream may send any number. */
const KNOWN: ReadonlySet<number> = new Set([ACCEPTED, 404, 500, ...CODES_AS_STATUS]);

/** The client, with each of its calls counted. */
export function countCalls(client: UpstreamClient, metrics: Metrics): UpstreamClient {
  async function count(
    method: 'GET' | 'POST',
    call: () => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const begun = performance.now();
    let code = 'left';
    try {
      const answer = await call();
      code = toLabel(answer);
      return answer;
    } catch (error) {
      if (!signal?.aborted)
        code = error instanceof UpstreamUnreachableError ? 'unreachable' : 'lost';
      throw error;
    } finally {
      metrics.upstreamCall(method, code, (performance.now() - begun) / 1_000);
    }
  }

  return {
    timeoutMs: client.timeoutMs,
    redact: client.redact,
    close: () => client.close(),
    read: (path, limits) => count('GET', () => client.read(path, limits), limits.signal),
    submit: (path, body, onLeft) => count('POST', () => client.submit(path, body, onLeft)),
  };
}

function toLabel(answer: Answer): string {
  const code = readCode(answer);
  if (code === null) return 'unreadable';
  return KNOWN.has(code) ? String(code) : 'other';
}

import { UpstreamError } from '../errors.ts';
import { AnswerLostError } from './answer-lost.ts';
import type { UpstreamClient } from './client.ts';
import { toReadData } from './envelope.ts';
import { LooseNumber } from './wire.ts';

/**
 * Reads the account's balance. The endpoint is not documented, so it is called only with
 * `UPSTREAM_CREDITS=on`.
 *
 * @throws GatewayError; UpstreamError where the answer holds no number.
 */
export async function fetchCredits(client: UpstreamClient, signal?: AbortSignal): Promise<number> {
  try {
    const limits = { timeoutMs: client.timeoutMs, signal };
    const answer = await client.read('/api/v1/chat/credit', limits);
    const data = toReadData(answer, { taskId: null, redact: client.redact });
    const credits = data === null || data === '' ? null : LooseNumber.parse(data);
    if (credits === null) throw new AnswerLostError(new Error('data is not a number'));
    return credits;
  } catch (error) {
    if (!(error instanceof AnswerLostError)) throw error;
    const facts = { upstreamCode: null, upstreamMessage: null, retryAfter: error.retryAfter };
    throw new UpstreamError(facts, { cause: error.cause });
  }
}

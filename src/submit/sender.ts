/** The last steps of a submit before it costs money: its place, the breaker, the POST. */

import type { Logger } from 'pino';
import { RateLimitedError } from '../errors.ts';
import type { Place } from '../store/allowance.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { type ExtendRequest, sendExtend } from '../upstream/extend.ts';
import type { Breaker } from './breaker.ts';
import type { Gate } from './gate.ts';

/**
 * Sends the one POST of a submit, when its turn has come, and tells gate and breaker how it went.
 *
 * @param place one of the allowance that was taken already, or null.
 * @returns the new task's id.
 * @throws what `Gate.wait`, the breaker and `sendExtend` throw.
 */
export async function sendInTurn(
  parts: { upstream: UpstreamClient; gate: Gate; breaker: Breaker; log: Logger },
  owner: string,
  request: ExtendRequest,
  place: Place | null,
): Promise<string> {
  const { upstream, gate, breaker, log } = parts;
  const taken = place ?? (await gate.wait(owner));
  const refusal = breaker.enter();
  if (refusal) throw refusal;
  try {
    const taskId = await sendExtend(upstream, request, () => gate.leave(taken));
    breaker.record();
    return taskId;
  } catch (error) {
    breaker.record(error);
    if (error instanceof RateLimitedError) {
      await gate.pause(error.retryAfter).catch((fault: unknown) => {
        log.error({ err: fault }, 'the allowance could not be paused');
      });
    }
    throw error;
  }
}

/** The last steps of a submit: its place, the breaker, the POST. */

import { GatewayUnavailableError } from '../errors.ts';
import type { Place } from '../store/allowance.ts';
import type { VideoRow } from '../store/rows.ts';
import type { Database } from '../store/schema.ts';
import { beginPost } from '../store/transitions/insert.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { sendExtend } from '../upstream/extend.ts';
import { sendGenerate } from '../upstream/generate.ts';
import type { Breaker } from './breaker.ts';
import type { Gate } from './gate.ts';
import type { TaskInput } from './input.ts';

/**
 * Sends the submit's single POST when it is its turn, and reports the outcome to gate and breaker.
 *
 * @param place the place that was taken already, or null to wait for one.
 * @param isTooLate whether the submit's time is over.
 * @returns the new task's id.
 * @throws what `Gate.wait`, the breaker and `sendStart` throw; GatewayUnavailableError when the
 * row's time is over.
 */
export async function sendInTurn(
  parts: {
    db: Database;
    upstream: UpstreamClient;
    gate: Gate;
    breaker: Breaker;
    metrics: Metrics;
  },
  row: VideoRow,
  request: TaskInput & { readonly callBackUrl: string },
  place: Place | null,
  isTooLate: () => boolean,
): Promise<string> {
  const { db, upstream, gate, breaker, metrics } = parts;
  const taken = place ?? (await waitInGate(gate, row.owner, metrics));
  if (!place && !(await beginPost(db, row.id))) throw new GatewayUnavailableError();
  if (place) metrics.gateWait(true, 0);
  const refusal = breaker.enter();
  if (refusal) throw refusal;
  try {
    const leaving = { onLeft: () => gate.leave(taken), isTooLate };
    const taskId =
      request.kind === 'ORIGINAL'
        ? await sendGenerate(upstream, request, leaving)
        : await sendExtend(upstream, request, leaving);
    breaker.record();
    await gate.conclude(taken);
    return taskId;
  } catch (error) {
    // A POST that was not sent says nothing about the upstream.
    if (error instanceof GatewayUnavailableError) throw error;
    breaker.record(error);
    await gate.conclude(taken, error);
    throw error;
  }
}

async function waitInGate(gate: Gate, owner: string, metrics: Metrics): Promise<Place> {
  const begun = performance.now();
  let isLetThrough = false;
  try {
    const place = await gate.wait(owner);
    isLetThrough = true;
    return place;
  } finally {
    metrics.gateWait(isLetThrough, (performance.now() - begun) / 1_000);
  }
}

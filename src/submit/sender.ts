/** Sends a submit that has a place: checks the breaker, sends the POST, and stores the outcome in the row. */

import { GatewayUnavailableError } from '../errors.ts';
import type { Place } from '../store/allowance.ts';
import type { VideoRow } from '../store/rows.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { sendExtend } from '../upstream/extend.ts';
import { sendGenerate } from '../upstream/generate.ts';
import type { Breaker } from './breaker.ts';
import type { Gate } from './gate.ts';
import { toInput } from './input.ts';
import type { Settling } from './settling.ts';

export interface Sending {
  readonly row: VideoRow;
  readonly place: Place;
  readonly callBackUrl: string;
  /** Whether the submit's deadline has passed. */
  readonly isTooLate: () => boolean;
  /** Called when the request has left. */
  readonly onLeft?: () => void;
  /** The id of the client's request, for the log. */
  readonly requestId?: string | undefined;
}

export interface Outcome {
  /** Undefined when it could not be stored. */
  readonly row: VideoRow | undefined;
  /** Why no task was confirmed. */
  readonly fault?: unknown;
}

/** Sends the submit's single POST. Never rejects: every outcome is written into the row. */
export type Send = (sending: Sending) => Promise<Outcome>;

export function createSender(parts: {
  readonly upstream: UpstreamClient;
  readonly gate: Gate;
  readonly breaker: Breaker;
  readonly settling: Settling;
}): Send {
  const { upstream, gate, breaker, settling } = parts;

  /**
   * Sends the POST, and reports its outcome to the gate and the breaker.
   *
   * @returns the new task's id.
   * @throws what the breaker and `sendStart` throw; GatewayUnavailableError when it was too late.
   */
  async function post({ row, place, callBackUrl, isTooLate, onLeft }: Sending): Promise<string> {
    const refusal = breaker.enter();
    if (refusal) throw refusal;
    const input = toInput(row);
    const leaving = {
      onLeft() {
        gate.leave(place);
        onLeft?.();
      },
      isTooLate,
    };
    try {
      const taskId =
        input.kind === 'ORIGINAL'
          ? await sendGenerate(upstream, { ...input, callBackUrl }, leaving)
          : await sendExtend(upstream, { ...input, callBackUrl }, leaving);
      breaker.record();
      await gate.conclude(place);
      return taskId;
    } catch (error) {
      // A POST that was not sent says nothing about the upstream.
      if (error instanceof GatewayUnavailableError) throw error;
      breaker.record(error);
      await gate.conclude(place, error);
      throw error;
    }
  }

  return async (sending) => {
    const { row, requestId } = sending;
    let taskId: string;
    try {
      taskId = await post(sending);
    } catch (fault) {
      return { row: await settling.fail(row, fault, requestId), fault };
    }
    return { row: await settling.confirm(row, taskId, requestId) };
  };
}

/** Cancels a sequence: scheduled submits are withdrawn, and submits that were sent finish. */

import { setTimeout as delay } from 'node:timers/promises';
import { notifyFollowUp } from '../delivery/end-task.ts';
import { SequenceNotFoundError } from '../errors.ts';
import { lockOwner } from '../store/owner-limits.ts';
import { hasScheduledTry } from '../store/sequences.ts';
import { toFollowUp, withdrawTries } from '../store/transitions/follow-up.ts';
import { NO_PROBLEM } from '../store/transitions/next-shot.ts';
import { lockSequence, setSequence } from '../store/transitions/sequence.ts';
import type { MakingParts } from './create.ts';

/** The pause before checking again, because another transaction had locked a scheduled submit. */
const RETRY_MS = 20;

/**
 * Cancels the sequence unless it is COMPLETED. When this resolves, none of its submits waits to be sent.
 *
 * @throws SequenceNotFoundError
 */
export async function cancelSequence(parts: MakingParts, owner: string, id: string): Promise<void> {
  while (await cancelOnce(parts, owner, id)) await delay(RETRY_MS);
}

/** Returns whether a submit is still scheduled because another transaction had locked its row. */
async function cancelOnce(parts: MakingParts, owner: string, id: string): Promise<boolean> {
  const { db } = parts;
  const ends = await db.transaction().execute(async (trx) => {
    await lockOwner(trx, owner);
    const sequence = await lockSequence(trx, owner, id);
    if (!sequence) throw new SequenceNotFoundError(id);
    if (sequence.state === 'COMPLETED') return null;
    if (sequence.state !== 'CANCELLED') {
      await setSequence(trx, id, { ...NO_PROBLEM, state: 'CANCELLED' });
    }
    return withdrawTries(trx, id, null);
  });
  if (ends === null) return false;
  const { sequences, ...followUp } = toFollowUp(ends);
  const own = { id, step: 'CANCEL' } as const;
  notifyFollowUp(parts, owner, { ...followUp, sequences: [own, ...sequences] });
  return hasScheduledTry(db, id);
}

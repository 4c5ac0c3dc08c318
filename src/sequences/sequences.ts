/** The operations on sequences that decide what is paid: create, resume and cancel. */

import type { Sequence } from '../sequence.ts';
import { toSequence } from '../store/sequence-rows.ts';
import { cancelSequence } from './cancel.ts';
import {
  findRepeated,
  type MakingParts,
  makeSequence,
  type SequenceRequest,
  type SequenceStart,
} from './create.ts';
import { type ResumeRequest, resumeSequence } from './resume.ts';

export interface Sequences {
  readonly maxShots: number;
  /** The sequence that an earlier request with this key created; undefined when there is none. */
  findRepeated(request: SequenceRequest): Promise<Sequence | undefined>;
  create(request: SequenceRequest, start: SequenceStart): Promise<Sequence>;
  resume(request: ResumeRequest): Promise<void>;
  cancel(owner: string, id: string): Promise<void>;
}

/** Each throws what the function of that name throws, and GatewayUnavailableError. */
export function createSequences(parts: MakingParts): Sequences {
  return {
    maxShots: parts.config.SEQUENCE_MAX_SHOTS,
    async findRepeated(request) {
      const row = await findRepeated(parts.db, request);
      return row && toSequence(row);
    },
    create: async (request, start) => toSequence(await makeSequence(parts, request, start)),
    resume: (request) => resumeSequence(parts, request),
    cancel: (owner, id) => cancelSequence(parts, owner, id),
  };
}

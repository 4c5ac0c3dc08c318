/** Validates the input of `extendVideo`. */

import { z } from 'zod';
import type { ExtendInput } from '../submit/input.ts';
import { MAX_TEXT_LENGTH } from '../video.ts';
import {
  type ParsedSubmit,
  parseInput,
  prompt,
  SCHEDULING_FIELDS,
  SUBMIT_FIELDS,
  text,
  toScheduling,
} from './input.ts';

const Input = z.object({
  taskId: text.trim().min(1, 'must not be empty').max(255, 'must be at most 255 characters'),
  prompt: prompt(MAX_TEXT_LENGTH),
  ...SUBMIT_FIELDS,
  ...SCHEDULING_FIELDS,
  expandPrompt: z
    .boolean()
    .nullish()
    .transform((value) => value ?? null),
});

export type RawExtendInput = z.input<typeof Input>;

/** @throws InvalidInputError naming every fault with its path. */
export function parseExtendInput(raw: RawExtendInput): ParsedSubmit<ExtendInput> {
  const { idempotencyKey, whenBusy, notBefore, ...input } = parseInput(Input, raw);
  const scheduling = toScheduling({ whenBusy, notBefore });
  return { input: { kind: 'EXTENSION', ...input }, idempotencyKey, scheduling };
}

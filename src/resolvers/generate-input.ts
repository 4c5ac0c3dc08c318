/** Validates the input of `generateVideo`. */

import { z } from 'zod';
import type { GenerateInput } from '../submit/input.ts';
import { ASPECT_RATIOS, DURATIONS, MAX_ORIGINAL_PROMPT_LENGTH } from '../video.ts';
import {
  type ParsedSubmit,
  parseInput,
  prompt,
  SCHEDULING_FIELDS,
  SUBMIT_FIELDS,
  toScheduling,
} from './input.ts';

const [, LONG] = DURATIONS;

const Input = z
  .object({
    prompt: prompt(MAX_ORIGINAL_PROMPT_LENGTH),
    ...SUBMIT_FIELDS,
    ...SCHEDULING_FIELDS,
    aspectRatio: z
      .enum(ASPECT_RATIOS)
      .nullish()
      .transform((value) => value ?? null),
    duration: z
      .number()
      .refine(
        (seconds) => DURATIONS.some((known) => known === seconds),
        `must be ${DURATIONS.join(' or ')} (seconds)`,
      ),
  })
  .superRefine(({ imageUrl, aspectRatio, duration, quality }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (imageUrl === null && aspectRatio === null) {
      refuse('aspectRatio', 'is required without an imageUrl');
    }
    // The upstream would ignore it and make a film of another shape.
    if (imageUrl !== null && aspectRatio !== null) {
      refuse('aspectRatio', 'must not be given with an imageUrl: the image decides it');
    }
    if (duration === LONG && quality === 'P1080') {
      refuse('duration', `${LONG} seconds are not available in P1080`);
    }
  });

export type RawGenerateInput = z.input<typeof Input>;

/** @throws InvalidInputError naming every fault with its path. */
export function parseGenerateInput(raw: RawGenerateInput): ParsedSubmit<GenerateInput> {
  const { idempotencyKey, whenBusy, notBefore, ...input } = parseInput(Input, raw);
  const scheduling = toScheduling({ whenBusy, notBefore });
  return { input: { kind: 'ORIGINAL', ...input }, idempotencyKey, scheduling };
}

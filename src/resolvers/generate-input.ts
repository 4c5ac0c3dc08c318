/** Validates the input of `generateVideo`. */

import { z } from 'zod';
import type { GenerateInput } from '../submit/input.ts';
import {
  ASPECT_RATIOS,
  type AspectRatio,
  DURATIONS,
  MAX_ORIGINAL_PROMPT_LENGTH,
  type VideoQuality,
} from '../video.ts';
import {
  imageUrl,
  type ParsedSubmit,
  parseInput,
  prompt,
  SCHEDULING_FIELDS,
  SUBMIT_FIELDS,
  toScheduling,
} from './input.ts';

const [, LONG] = DURATIONS;

/** What only an original has. */
export const ORIGINAL_FIELDS = {
  prompt: prompt(MAX_ORIGINAL_PROMPT_LENGTH),
  imageUrl,
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
};

const Input = z
  .object({ ...SUBMIT_FIELDS, ...SCHEDULING_FIELDS, ...ORIGINAL_FIELDS })
  .superRefine((input, context) => checkOriginal(input, context));

/**
 * Refuses combinations that the upstream does not allow.
 *
 * @param path of the object that holds the fields.
 */
export function checkOriginal(
  original: {
    readonly imageUrl: string | null;
    readonly aspectRatio: AspectRatio | null;
    readonly duration: number;
    readonly quality: VideoQuality;
  },
  context: z.core.$RefinementCtx,
  path: readonly string[] = [],
): void {
  const { imageUrl, aspectRatio, duration, quality } = original;
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: 'custom', path: [...path, field], message });
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
}

export type RawGenerateInput = z.input<typeof Input>;

/** @throws InvalidInputError naming every fault with its path. */
export function parseGenerateInput(raw: RawGenerateInput): ParsedSubmit<GenerateInput> {
  const { idempotencyKey, whenBusy, notBefore, ...input } = parseInput(Input, raw);
  const scheduling = toScheduling({ whenBusy, notBefore });
  return { input: { kind: 'ORIGINAL', ...input }, idempotencyKey, scheduling };
}

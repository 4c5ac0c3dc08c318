/** Validation shared by both submits, before anything is stored, sent or paid. */

import { z } from 'zod';
import { InvalidInputError } from '../errors.ts';
import { MAX_TEXT_LENGTH, toHttpUrl, VIDEO_QUALITIES } from '../video.ts';

/** Text that every database and JSON parser preserves. */
export const text = z
  .string()
  .refine(
    (value) => value.isWellFormed() && !value.includes('\0'),
    'has characters that are no text',
  );

/** @param max code points. */
function shortText(max: number) {
  return text.refine((value) => [...value].length <= max, `must be at most ${max} characters`);
}

export function prompt(max: number) {
  return shortText(max).refine((value) => value.trim() !== '', 'must not be blank');
}

/** The fields that both submits share, without the prompt, whose maximum length differs. */
export const SUBMIT_FIELDS = {
  quality: z.enum(VIDEO_QUALITIES),
  waterMark: shortText(MAX_TEXT_LENGTH)
    .nullish()
    .transform((value) => value ?? ''),
  imageUrl: text
    .max(2048, 'must be at most 2048 characters')
    .refine((value) => toHttpUrl(value) !== null, 'must be an http(s) URL')
    .nullish()
    .transform((value) => value ?? null),
  idempotencyKey: z
    .string()
    .regex(/^[^\p{Cc}\p{Cs}]{1,255}$/u, 'must be 1 to 255 printable characters')
    .nullish()
    .transform((value) => value ?? null),
};

/** @throws InvalidInputError naming every fault with its path. */
export function parseInput<Output>(schema: z.ZodType<Output>, raw: unknown): Output {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw new InvalidInputError(
    result.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
  );
}

/** Validation shared by both submits, before anything is stored, sent or paid. */

import { z } from 'zod';
import { MAX_AHEAD_MS } from '../durations.ts';
import { InvalidInputError } from '../errors.ts';
import type { Scheduling, TaskInput } from '../submit/input.ts';
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

/** Of a text at the bottom right corner; empty: none. */
export const waterMark = shortText(MAX_TEXT_LENGTH);

/** A key that a caller must choose. */
export const requiredKey = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,255}$/u, 'must be 1 to 255 printable characters');

export const imageUrl = text
  .max(2048, 'must be at most 2048 characters')
  .refine((value) => toHttpUrl(value) !== null, 'must be an http(s) URL')
  .nullish()
  .transform((value) => value ?? null);

/** The fields that both submits share, without the prompt, whose maximum length differs. */
export const SUBMIT_FIELDS = {
  quality: z.enum(VIDEO_QUALITIES),
  waterMark: waterMark.nullish().transform((value) => value ?? ''),
  imageUrl,
  idempotencyKey: requiredKey.nullish().transform((value) => value ?? null),
};

/** When the submit is to be sent, for both submits. */
export const SCHEDULING_FIELDS = {
  whenBusy: z.enum(['FAIL', 'QUEUE']).default('FAIL'),
  notBefore: z
    .number()
    .refine((time) => time <= Date.now() + MAX_AHEAD_MS, 'must be at most 30 days ahead')
    .nullish()
    .transform((time) => time ?? null),
};

export function toScheduling(input: {
  readonly whenBusy: 'FAIL' | 'QUEUE';
  readonly notBefore: number | null;
}): Scheduling {
  return { canQueue: input.whenBusy === 'QUEUE', notBefore: input.notBefore };
}

/** What a submit asks for. */
export interface ParsedSubmit<Input extends TaskInput> {
  readonly input: Input;
  readonly idempotencyKey: string | null;
  readonly scheduling: Scheduling;
}

/** @throws InvalidInputError naming every fault with its path. */
export function parseInput<Output>(schema: z.ZodType<Output>, raw: unknown): Output {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw new InvalidInputError(
    result.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
  );
}

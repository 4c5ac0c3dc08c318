/** What a client may ask for: checked before anything is stored, sent or paid. */

import { z } from 'zod';
import { InvalidInputError } from '../errors.ts';
import type { ExtendInput } from '../submit/fingerprint.ts';
import { MAX_TEXT_LENGTH, toHttpUrl, VIDEO_QUALITIES } from '../video.ts';

/** Text that every database and JSON parser carries unchanged. */
const text = z
  .string()
  .refine(
    (value) => value.isWellFormed() && !value.includes('\0'),
    'has characters that are no text',
  );

const shortText = text.refine(
  (value) => [...value].length <= MAX_TEXT_LENGTH,
  `must be at most ${MAX_TEXT_LENGTH} characters`,
);

const Input = z.object({
  taskId: text.trim().min(1, 'must not be empty').max(255, 'must be at most 255 characters'),
  prompt: shortText.refine((value) => value.trim() !== '', 'must not be blank'),
  quality: z.enum(VIDEO_QUALITIES),
  waterMark: shortText.nullish().transform((value) => value ?? ''),
  imageUrl: text
    .max(2048, 'must be at most 2048 characters')
    .refine((value) => toHttpUrl(value) !== null, 'must be an http(s) URL')
    .nullish()
    .transform((value) => value ?? null),
  expandPrompt: z
    .boolean()
    .nullish()
    .transform((value) => value ?? null),
  idempotencyKey: z
    .string()
    .regex(/^[^\p{Cc}\p{Cs}]{1,255}$/u, 'must be 1 to 255 printable characters')
    .nullish()
    .transform((value) => value ?? null),
});

export type RawExtendInput = z.input<typeof Input>;

/** @throws InvalidInputError naming every fault with its path. */
export function parseExtendInput(
  raw: RawExtendInput,
): ExtendInput & { idempotencyKey: string | null } {
  const result = Input.safeParse(raw);
  if (result.success) return result.data;
  throw new InvalidInputError(
    result.error.issues.map(({ path, message }) => ({ path: path.map(String), message })),
  );
}

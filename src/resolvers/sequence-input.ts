/** Validates the inputs of sequences, before anything is stored. */

import { z } from 'zod';
import { toFingerprint } from '../idempotency.ts';
import type { Original, SequenceRequest } from '../sequences/create.ts';
import type { ResumeRequest } from '../sequences/resume.ts';
import { MAX_TEXT_LENGTH, VIDEO_QUALITIES } from '../video.ts';
import { checkOriginal, ORIGINAL_FIELDS } from './generate-input.ts';
import { parseInput, prompt, requiredKey, text, waterMark } from './input.ts';

/** Each retry may be paid. */
const MAX_RETRIES = 5;

const ShotInput = z.object({
  prompt: prompt(MAX_TEXT_LENGTH),
  quality: z
    .enum(VIDEO_QUALITIES)
    .nullish()
    .transform((value) => value ?? null),
  waterMark: waterMark.nullish().transform((value) => value ?? null),
});

function shotList(maxShots: number) {
  return z
    .array(ShotInput)
    .min(1, 'must contain at least one shot')
    .max(maxShots, `must contain at most ${maxShots} shots`);
}

const StartInput = z
  .object({
    video: text
      .trim()
      .min(1, 'must not be empty')
      .max(255, 'must be at most 255 characters')
      .nullish(),
    original: z.object(ORIGINAL_FIELDS).nullish(),
  })
  .transform(({ video, original }, context): { video: string } | { original: Original } => {
    // GraphQL checks @oneOf; this is for callers that it does not check.
    if (typeof video === 'string' && !original) return { video };
    if (typeof video !== 'string' && original) return { original };
    context.addIssue({ code: 'custom', message: 'must have either video or original' });
    return z.NEVER;
  });

function createInput(maxShots: number) {
  return z
    .object({
      start: StartInput,
      shots: shotList(maxShots),
      quality: z.enum(VIDEO_QUALITIES),
      waterMark: waterMark.nullish().transform((value) => value ?? ''),
      retries: z
        .number()
        .min(0, 'must not be negative')
        .max(MAX_RETRIES, `must be at most ${MAX_RETRIES}`),
      idempotencyKey: requiredKey,
    })
    .superRefine(({ start, quality }, context) => {
      if (!('original' in start)) return;
      checkOriginal({ ...start.original, quality }, context, ['start', 'original']);
    });
}

export type RawCreateInput = z.input<ReturnType<typeof createInput>>;

export interface ParsedCreate {
  readonly request: SequenceRequest;
  readonly start: { readonly video: string } | { readonly original: Original };
}

/** @throws InvalidInputError naming every fault with its path. */
export function parseCreateInput(
  raw: RawCreateInput,
  owner: string,
  maxShots: number,
): ParsedCreate {
  const { start, ...input } = parseInput(createInput(maxShots), raw);
  const { quality, waterMark } = input;
  const shots = input.shots.map((shot) => ({
    prompt: shot.prompt,
    quality: shot.quality ?? quality,
    waterMark: shot.waterMark ?? waterMark,
  }));
  const fingerprint = toFingerprint([
    'video' in start
      ? [start.video]
      : [
          start.original.prompt,
          start.original.imageUrl,
          start.original.aspectRatio,
          start.original.duration,
        ],
    shots.map((shot) => [shot.prompt, shot.quality, shot.waterMark]),
    quality,
    waterMark,
    input.retries,
  ]);
  return { request: { ...input, owner, shots, fingerprint }, start };
}

function resumeInput(maxShots: number) {
  return z.object({
    id: z.string(),
    shots: shotList(maxShots)
      .nullish()
      .transform((value) => value ?? null),
    idempotencyKey: requiredKey,
  });
}

export type RawResumeInput = z.input<ReturnType<typeof resumeInput>>;

/** @throws InvalidInputError naming every fault with its path. */
export function parseResumeInput(
  raw: RawResumeInput,
  owner: string,
  maxShots: number,
): ResumeRequest {
  const input = parseInput(resumeInput(maxShots), raw);
  const shots = input.shots?.map((shot) => [shot.prompt, shot.quality, shot.waterMark]) ?? null;
  return { ...input, owner, fingerprint: toFingerprint([shots]) };
}

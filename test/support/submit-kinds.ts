/** Both mutations that start a paid task, for tests that hold for either. */

import {
  ExtendDocument,
  type ExtendMutation,
  GenerateDocument,
  type GenerateMutation,
} from '../generated/graphql.ts';

export const KINDS = ['extend', 'generate'] as const;
export type Kind = (typeof KINDS)[number];

export type SubmitResult = ExtendMutation['extendVideo'] | GenerateMutation['generateVideo'];

interface Common {
  readonly prompt: string;
  readonly idempotencyKey: string | null;
}

export const extendOf = (input: Common) =>
  [ExtendDocument, { input: { ...input, taskId: 'source', quality: 'P720' } }] as const;

export const generateOf = (input: Common) =>
  [
    GenerateDocument,
    { input: { ...input, aspectRatio: 'LANDSCAPE_16_9', duration: 5, quality: 'P720' } },
  ] as const;

/** The result of either mutation; undefined where the answer has none. */
export function toResult(
  data: Partial<ExtendMutation & GenerateMutation> | null | undefined,
): SubmitResult | undefined {
  return data?.extendVideo ?? data?.generateVideo;
}

/** Lenient parsers for the upstream's values: an invalid optional field must not invalidate the answer. */

import { z } from 'zod';

/** A 32-bit integer, also when written as a string: the widest that GraphQL's Int can pass on. */
export const WireInt = z.union([
  z.int32(),
  z
    .string()
    .trim()
    .regex(/^-?\d{1,10}$/)
    .transform(Number)
    .pipe(z.int32()),
]);

/** An integer, or null where there is none: the upstream also sends '' for that. */
export const LooseInt = WireInt.nullable().catch(null);

/** A finite number, as such or as text; or null. */
export const LooseNumber = z.coerce.number().nullable().catch(null);
/** In UTF-16 units. PostgreSQL cannot index values of more than some 2,700 bytes. */
const MAX_TASK_ID_LENGTH = 512;

/** A task's id. Some upstreams number their tasks: a safe integer stands for its decimal digits. */
export const WireTaskId = z.union([
  z.int().nonnegative().transform(String),
  z
    .string()
    .max(MAX_TASK_ID_LENGTH)
    .refine((id) => id.trim() !== '' && !id.includes('\0') && id.isWellFormed()),
]);

/** A task's id, or null where there is none that could be stored. */
export const LooseTaskId = WireTaskId.nullable().catch(null);

/** A text that is not empty, or null. NUL characters are removed, because PostgreSQL cannot store them. */
export const LooseText = z
  .string()
  .transform((text) => text.replaceAll('\0', ''))
  .refine((text) => text.trim() !== '')
  .nullable()
  .catch(null);

/** The same, where a number stands for its digits. */
export const LooseName = z.union([z.int().transform(String), LooseText]);

export const LooseBoolean = z.boolean().nullable().catch(null);

/** The text, shortened to at most this many characters; never ends in half a character. */
export function capped(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text;
}

/** The JSON value, or undefined where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object in a text that is itself JSON: some senders encode twice. */
export function unwrapJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const inner = parseJson(value);
  return typeof inner === 'object' && inner !== null ? inner : value;
}

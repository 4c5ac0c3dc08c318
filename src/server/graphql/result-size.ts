/** Limits the size of results: a short document can select the same long text thousands of times. */

import { type ExecutionResult, GraphQLError } from 'graphql';

/** Returns the result, or an error in its place if its JSON would be too large. */
export type LimitResultSize = <Result extends ExecutionResult>(result: Result) => Result | Refusal;

type Refusal = { readonly errors: readonly GraphQLError[]; readonly data: null };

/** Shorter strings are counted as ASCII without escapes, which is exact enough. */
const SHORT = 64;
const ESCAPED = /["\\\p{Cc}]/u;

/** Measures before serialising: serialising 50 MB would block the event loop for longer. */
export function createResultSizeLimit(maxBytes: number): LimitResultSize {
  return (result) => {
    if (subtract(result.data, maxBytes) >= 0) return result;
    const message = `The answer is larger than ${maxBytes} bytes: ask for less at a time.`;
    const extensions = { code: 'BAD_REQUEST' };
    return { errors: [new GraphQLError(message, { extensions })], data: null };
  };
}

/** How many of `bytes` are left after the value's JSON; negative when it takes more. */
function subtract(value: unknown, bytes: number): number {
  if (typeof value === 'string') return bytes - toBytes(value);
  if (typeof value !== 'object' || value === null) return bytes - 5;
  let left = bytes - 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      left = subtract(item, left - 1);
      if (left < 0) break;
    }
    return left;
  }
  for (const [key, below] of Object.entries(value)) {
    left = subtract(below, left - key.length - 4);
    if (left < 0) break;
  }
  return left;
}

function toBytes(text: string): number {
  if (text.length <= SHORT) return text.length + 2;
  return Buffer.byteLength(ESCAPED.test(text) ? JSON.stringify(text) : text);
}

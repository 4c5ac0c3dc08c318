/** How large an answer may be: a short document can ask for the same long text thousands of times. */

import { type ExecutionResult, GraphQLError } from 'graphql';

/** The result itself, or an error in its place where its text would be too large. */
export type LimitResultSize = <Result extends ExecutionResult>(result: Result) => Result | Refusal;

type Refusal = { readonly errors: readonly GraphQLError[]; readonly data: null };

/** Shorter texts hold next to nothing but ASCII, and are not looked into. */
const SHORT = 64;
const ESCAPED = /["\\\p{Cc}]/u;

/** Before the text is made: to make one of 50 MB stops the event loop for longer than to find out. */
export function createResultSizeLimit(mostBytes: number): LimitResultSize {
  return (result) => {
    if (subtract(result.data, mostBytes) >= 0) return result;
    const message = `The answer is larger than ${mostBytes} bytes: ask for less at a time.`;
    const extensions = { code: 'BAD_REQUEST' };
    return { errors: [new GraphQLError(message, { extensions })], data: null };
  };
}

/** What is left of so many bytes after the value; negative when it takes more. */
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

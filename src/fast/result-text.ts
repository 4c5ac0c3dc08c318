/** The text of a subscription's result, made once, however many it goes to. */

import type { ExecutionResult } from 'graphql';

const texts = new WeakMap<ExecutionResult, string>();

export function toText(result: ExecutionResult): string {
  const known = texts.get(result);
  if (known !== undefined) return known;
  const { errors, ...others } = result;
  const text = JSON.stringify(errors ? { ...others, errors } : others);
  texts.set(result, text);
  return text;
}

/** For Yoga, which asks a result itself for its text. One with errors is another for each listener. */
export function withText(result: ExecutionResult): ExecutionResult {
  return result.errors ? result : Object.assign(result, { stringify: toText });
}

/** The text of a result, for the transports that write it themselves. */

import type { ExecutionResult } from 'graphql';

/** A result may bring its own text, made once for all of its listeners. Yoga asks it in the same way. */
export interface SerializableResult extends ExecutionResult {
  readonly stringify?: (result: ExecutionResult) => string;
}

export function toText(result: SerializableResult): string {
  return result.stringify ? result.stringify(result) : serialize(result);
}

/** Only the entries that the specification has in a response (spec 7.1), data first. */
export function serialize({ errors, data, extensions }: ExecutionResult): string {
  return JSON.stringify({
    ...(data !== undefined && { data }),
    ...(extensions && { extensions }),
    ...(errors && { errors }),
  });
}

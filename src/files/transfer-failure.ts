/** Errors on their way between threads. */

import { DestinationError } from './destination.ts';
import { SourceError } from './source-error.ts';

/** Classes do not survive on the way between threads. */
export interface Failure {
  readonly kind: 'source' | 'final source' | 'destination' | 'other';
  readonly message: string;
  readonly stack: string | undefined;
}

export function toFailure(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof DestinationError) return { kind: 'destination', message, stack };
  if (!(error instanceof SourceError)) return { kind: 'other', message, stack };
  return { kind: error.isFinal ? 'final source' : 'source', message, stack };
}

export function toError({ kind, message, stack }: Failure): Error {
  const error = createError(kind, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function createError(kind: Failure['kind'], message: string): Error {
  if (kind === 'destination') return new DestinationError(message);
  if (kind === 'other') return new Error(message);
  return new SourceError(message, { isFinal: kind === 'final source' });
}

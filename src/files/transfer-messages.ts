/** Messages between the gateway and the thread that transfers files. Each transfer has a port of its own. */

import type { MessagePort } from 'node:worker_threads';
import type { FilePart } from '../store/schema.ts';
import { DestinationError } from './destination.ts';
import { SourceError } from './source-error.ts';
import type { StoredFile } from './transfers.ts';

/** To the thread. */
export interface TransferRequest {
  readonly url: string;
  readonly part: FilePart;
  readonly port: MessagePort;
}

/** To the thread, on the port of a transfer. */
export type TransferCommand = { readonly store: string } | 'abort';

/** From the thread, `accepted` first. `stored` and `failure` end the transfer. */
export type TransferAnswer =
  | { readonly accepted: true }
  | { readonly extension: string }
  | { readonly stored: StoredFile }
  | { readonly failure: Failure };

/** Classes do not survive on the way between threads. */
interface Failure {
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

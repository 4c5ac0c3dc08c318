/** Messages between the gateway and the thread that transfers files. Each transfer has a port of its own. */

import type { MessagePort } from 'node:worker_threads';
import type { FilePart } from '../store/schema.ts';
import type { Failure } from './transfer-failure.ts';
import type { StoredFile } from './transfers.ts';

/** To the thread. */
export interface TransferRequest {
  readonly url: string;
  readonly part: FilePart;
  readonly port: MessagePort;
  /** For what only the gateway's thread can do. A folder needs nothing of it. */
  readonly calls: MessagePort;
}

/** To the thread, on the port of a transfer. */
export type TransferCommand = { readonly store: string } | 'abort';

/** From the thread, `accepted` first. `stored` and `failure` end the transfer. */
export type TransferAnswer =
  | { readonly accepted: true }
  | { readonly extension: string }
  | { readonly stored: StoredFile }
  | { readonly failure: Failure };

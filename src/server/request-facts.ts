/** What a request's headers say, before anything is done about it. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export function isForBrowser(request: IncomingMessage): boolean {
  // With a query in the address, too: GraphiQL keeps the one being edited there, for a reload.
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
}

export function isJson(request: IncomingMessage): boolean {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  return type === 'application/json';
}

/** The client's own id where it gave a harmless one: it can then find its request in our log. */
export function toRequestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

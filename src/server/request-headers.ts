/** What a request's headers say, before anything is done about it. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** ASCII is a part of it. */
const UTF8 = /^charset=("?)(utf-?8|us-ascii)\1$/;

/** What a POST has to be sent as, where it is not: JSON, in UTF-8, as it is. */
export function findBodyFault({ headers }: IncomingMessage): string | null {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  // A form or a text can be posted by any web page without asking (CSRF); JSON cannot.
  if (type.trim() !== 'application/json') return 'Send the request as application/json.';
  const charsets = parameters.map((one) => one.trim()).filter((one) => one.startsWith('charset='));
  if (!charsets.every((one) => UTF8.test(one))) return 'Send the request in UTF-8.';
  const coding = headers['content-encoding']?.trim().toLowerCase() || 'identity';
  return coding === 'identity' ? null : 'Send the request without a Content-Encoding.';
}

/**
 * Turns a request target in absolute form into a path and a Host header, which it replaces. Proxies send
 * that form, and so may any client.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function toOriginForm(request: IncomingMessage): void {
  if (request.url?.startsWith('/')) return;
  const [, host, rest = ''] = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(request.url ?? '') ?? [];
  if (host === undefined) return;
  request.headers.host = host;
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}

/** @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
export function isHostValid({ headers: { host } }: IncomingMessage): boolean {
  return host === undefined || (!/[/?#@\\\s]/.test(host) && URL.canParse(`http://${host}`));
}

/** The client's own id where it gave a harmless one: it can then find its request in our log. */
export function toRequestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

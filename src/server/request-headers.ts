/** Checks and normalises request headers. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** US-ASCII is a subset of UTF-8. */
const UTF8 = /^charset=("?)(utf-?8|us-ascii)\1$/;

/** Why a POST is refused unless it is uncompressed JSON in UTF-8; null if it is. */
export function findBodyFault({ headers }: IncomingMessage): string | null {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  // Prevents CSRF: any web page can post forms and plain text, but JSON needs a preflight.
  if (type.trim() !== 'application/json') return 'Send the request as application/json.';
  const charsets = parameters.map((one) => one.trim()).filter((one) => one.startsWith('charset='));
  if (!charsets.every((one) => UTF8.test(one))) return 'Send the request in UTF-8.';
  const coding = headers['content-encoding']?.trim().toLowerCase() || 'identity';
  return coding === 'identity' ? null : 'Send the request without a Content-Encoding.';
}

/**
 * Converts a request target in absolute form, which proxies send and any client may send, to a path and
 * a Host header.
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

/** The client's own request id if it is short and plain, so that the client can find it in the log. */
export function toRequestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

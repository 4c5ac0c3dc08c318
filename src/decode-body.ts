/** Undoes the content coding and the charset of an HTTP body, within a limit. */

import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';

/** More codings than any real client uses. */
const MAX_CODINGS = 3;

/** The body would be longer than the limit: a decompression bomb, perhaps. */
export class BodyTooLargeError extends Error {}

/** The body is not what its `Content-Encoding` says, or that one is not known here. */
export class ContentCodingError extends Error {}

/**
 * The body without its content codings (RFC 9110, 8.4).
 *
 * @param encoding the `Content-Encoding` header.
 * @param isCut whether the end of the body is missing: then as much as can be had of it.
 * @throws BodyTooLargeError, ContentCodingError
 */
export function decompress(
  body: Buffer,
  encoding: string | undefined,
  limit: number,
  isCut = false,
): Buffer {
  const codings = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw new ContentCodingError('too many content codings');
  // A HEAD, a 204 or a proxy may announce a coding of nothing.
  if (body.length === 0) return body;
  // The header lists them in the order in which they were applied.
  return codings.reduceRight((bytes, coding) => undo(coding, bytes, limit, isCut), body);
}

function undo(coding: string, body: Buffer, limit: number, isCut: boolean): Buffer {
  const zlib = {
    maxOutputLength: limit,
    ...(isCut && { finishFlush: constants.Z_SYNC_FLUSH }),
  };
  try {
    switch (coding) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, zlib);
      case 'deflate':
        // Zlib's format, as RFC 9110 says, or bare as some senders take it.
        return isZlib(body) ? inflateSync(body, zlib) : inflateRawSync(body, zlib);
      case 'br':
        return brotliDecompressSync(body, {
          maxOutputLength: limit,
          ...(isCut && { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
        });
      case 'zstd':
        return zstdDecompressSync(body, {
          maxOutputLength: limit,
          ...(isCut && { finishFlush: constants.ZSTD_e_flush }),
        });
    }
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLargeError('too long when decompressed');
    throw new ContentCodingError(`the body is not ${coding}`);
  }
  throw new ContentCodingError('the content coding is not known');
}

/** RFC 1950, 2.2: the method is 8, and the first two bytes are a multiple of 31. */
function isZlib(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

/**
 * The text of a body. JSON is UTF-8 (RFC 8259, 8.1), but a sender that names another charset is taken
 * at its word. A byte order mark is left out: JSON.parse does not accept one.
 */
export function decodeText(body: Uint8Array, contentType: string | undefined): string {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  return createDecoder(charset).decode(body);
}

function createDecoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** Checks that an MP4 or QuickTime file is complete. */

import { SourceError } from './source-error.ts';

/** A box begins with its size and type. A size of 1 means that a larger size field follows. */
const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;
const TO_THE_END = 0;
const LARGE = 1;

/**
 * Passes the bytes through and follows the boxes that the file consists of. Each begins with its size,
 * so a file that was cut, or is not a film, does not end where a box ends.
 *
 * @throws SourceError after the last byte.
 * @see ISO/IEC 14496-12, 4.2
 */
export async function* checkFilm(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let position = 0;
  /** Where the next box begins. */
  let next = 0;
  let header: Buffer = Buffer.alloc(0);
  let isOpenEnded = false;
  for await (const chunk of bytes) {
    let offset = 0;
    while (!isOpenEnded && next + header.length < position + chunk.length) {
      offset = next + header.length - position;
      const wanted = toHeaderLength(header) - header.length;
      header = Buffer.concat([header, chunk.subarray(offset, offset + wanted)]);
      if (header.length < toHeaderLength(header)) break;
      const size = toSize(header);
      if (size === TO_THE_END) isOpenEnded = true;
      else if (size < header.length) throw new SourceError('it is not a film');
      else next += size;
      header = Buffer.alloc(0);
    }
    position += chunk.length;
    yield chunk;
  }
  if (!isOpenEnded && (next !== position || header.length > 0)) {
    throw new SourceError('the film is incomplete');
  }
}

function toHeaderLength(header: Buffer): number {
  const isLarge = header.length >= HEADER_BYTES && header.readUInt32BE(0) === LARGE;
  return isLarge ? LARGE_HEADER_BYTES : HEADER_BYTES;
}

function toSize(header: Buffer): number {
  return header.length === LARGE_HEADER_BYTES
    ? Number(header.readBigUInt64BE(HEADER_BYTES))
    : header.readUInt32BE(0);
}

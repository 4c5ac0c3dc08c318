/** A server of long films, as fast as they are read: a process of its own. */

import { createServer } from 'node:http';
import { Readable } from 'node:stream';

const CHUNK = Buffer.alloc(64 * 1024);

/** One box of an MP4 file, which is as long as the file. */
function* createFilm(bytes: number): Generator<Buffer> {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(bytes, 0);
  header.write('mdat', 4);
  yield header;
  for (let left = bytes - header.length; left > 0; left -= CHUNK.length) {
    yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
  }
}

const bytes = Number(process.env.FILM_BYTES);
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes });
  Readable.from(createFilm(bytes)).pipe(response);
}).listen(Number(process.env.PORT), '127.0.0.1');

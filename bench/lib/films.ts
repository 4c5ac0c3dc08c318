/** Serves long films as fast as clients read them, in a process of its own. */

import { createServer } from 'node:http';
import { Readable } from 'node:stream';

const CHUNK = Buffer.alloc(64 * 1024);

/** An MP4 file that consists of a single box. */
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

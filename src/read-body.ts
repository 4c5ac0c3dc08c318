/** Reads the body of a node:http request, with a limit. */

import type { IncomingMessage } from 'node:http';

/**
 * Reads the whole body; null as soon as it is longer than `limit` bytes.
 *
 * @throws Error when the client breaks off.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  // Most bodies arrive in one chunk, which is used as it is. Many small chunks are copied together.
  let body: Buffer = Buffer.alloc(0);
  let length = 0;
  // Events, because `for await` costs several times as much on small bodies.
  request.on('data', (chunk: Buffer) => {
    const longer = length + chunk.length;
    if (longer > limit) {
      request.pause();
      resolve(null);
      return;
    }
    if (length === 0) {
      body = chunk;
    } else {
      if (longer > body.length) body = Buffer.concat([body.subarray(0, length)], 2 * longer);
      chunk.copy(body, length);
    }
    length = longer;
  });
  request.on('end', () => resolve(body.subarray(0, length)));
  request.on('error', reject);
  request.on('close', () => {
    // Created only when needed: creating an error takes longer than reading a small body.
    if (!request.readableEnded) reject(new Error('The client has disconnected.'));
  });
  return promise;
}

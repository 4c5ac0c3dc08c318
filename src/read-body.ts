/** The body of a plain node:http request, bounded. */

import type { IncomingMessage } from 'node:http';

/**
 * The whole body; null when it is longer than `limit` bytes, which ends the reading at once.
 *
 * @throws Error when the client breaks off.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  const chunks: Buffer[] = [];
  let length = 0;
  // Events instead of `for await`, which costs several times as much on small bodies.
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) {
      request.pause();
      resolve(null);
    } else {
      chunks.push(chunk);
    }
  });
  request.on('end', () => {
    const [first, ...others] = chunks;
    resolve(first && others.length === 0 ? first : Buffer.concat(chunks));
  });
  request.on('error', reject);
  request.on('close', () => {
    // Only where there is somebody to tell: making an error takes longer than reading a small body.
    if (!request.readableEnded) reject(new Error('The client broke off.'));
  });
  return promise;
}

/** Writes and reads the objects of a bucket. */

import type { Destination } from '../destination.ts';
import type { S3Control } from './control.ts';
import type { S3Http } from './http.ts';
import { createUpload } from './upload.ts';

/** S3's minimum. */
const MIN_PART = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;

export interface S3ObjectParts {
  /** For one object. */
  readonly openControl: (signal: AbortSignal) => S3Control;
  readonly http: S3Http;
  /** The longest object. */
  readonly maxBytes: number;
}

export function createS3Objects(parts: S3ObjectParts): Pick<Destination, 'write' | 'read'> {
  const { openControl, http, maxBytes } = parts;
  const partSize = Math.max(MIN_PART, Math.ceil(maxBytes / MAX_PARTS));
  return {
    /** An object is visible once all of its parts have been put together. */
    async write(name, source, signal) {
      const upload = createUpload(openControl(signal), http, name, signal);
      // The memory of a part is used again: a film takes as much as its longest part.
      const part = Buffer.allocUnsafeSlow(partSize);
      let length = 0;
      try {
        for await (const chunk of source) {
          for (let taken = 0; taken < chunk.length; ) {
            if (length === partSize) {
              await upload.sendPart(part);
              length = 0;
            }
            const copied = chunk.copy(part, length, taken);
            length += copied;
            taken += copied;
          }
        }
        await upload.end(part.subarray(0, length));
      } catch (error) {
        await upload.abort();
        signal.throwIfAborted();
        throw error;
      }
    },
    async read(name, signal) {
      const control = openControl(signal);
      return http.get(() => control.toReadUrl(name), signal);
    },
  };
}

/** Uploads an object in parts, or at once when it has only one. */

import { toContentType } from '../file-types.ts';
import type { S3Control } from './control.ts';
import type { S3Http } from './http.ts';

export interface Upload {
  /** Resolves when the bytes are no longer needed. */
  sendPart(bytes: Uint8Array): Promise<void>;
  /** Sends the last part. When it resolves, the object is visible and complete. */
  end(bytes: Uint8Array): Promise<void>;
  /** Removes the parts from the store. Those that remain are removed before the next attempt. */
  abort(): Promise<void>;
}

export function createUpload(
  control: S3Control,
  http: S3Http,
  name: string,
  signal: AbortSignal,
): Upload {
  const etags: string[] = [];
  let uploadId: string | null = null;

  async function sendPart(bytes: Uint8Array): Promise<string> {
    uploadId ??= await control.begin(name);
    const id = uploadId;
    const number = etags.length + 1;
    etags.push(await http.put(() => control.toPartUrl(name, id, number), bytes, null, signal));
    return id;
  }

  return {
    async sendPart(bytes) {
      await sendPart(bytes);
    },
    async end(bytes) {
      if (uploadId === null) {
        await http.put(() => control.toWriteUrl(name), bytes, toContentType(name), signal);
        return;
      }
      const id = await sendPart(bytes);
      await control.complete(name, id, etags);
    },
    async abort() {
      if (uploadId !== null) await control.abort(name, uploadId).catch(() => undefined);
    },
  };
}

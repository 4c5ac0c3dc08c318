/** Uploads an object in parts, or at once when it has only one. */

import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

export interface Upload {
  /** Resolves when the bytes are no longer needed. */
  sendPart(bytes: Uint8Array): Promise<void>;
  /** Sends the last part. When it resolves, the object is visible and complete. */
  end(bytes: Uint8Array): Promise<void>;
  /** Removes the parts from the store. Those that remain are removed before the next attempt. */
  abort(): Promise<void>;
}

export function createUpload(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string; readonly ContentType: string },
  signal: AbortSignal,
): Upload {
  const { Bucket, Key } = object;
  const options = { abortSignal: signal };
  const parts: CompletedPart[] = [];
  let UploadId: string | undefined;

  async function sendPart(Body: Uint8Array): Promise<void> {
    if (UploadId === undefined) {
      const created = await client.send(new CreateMultipartUploadCommand(object), options);
      UploadId = created.UploadId;
    }
    const PartNumber = parts.length + 1;
    const upload = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
    const { ETag } = await client.send(upload, options);
    parts.push({ ETag, PartNumber });
  }

  return {
    sendPart,
    async end(Body) {
      if (parts.length === 0) {
        await client.send(new PutObjectCommand({ ...object, Body }), options);
        return;
      }
      await sendPart(Body);
      const MultipartUpload = { Parts: parts };
      const complete = new CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId,
        MultipartUpload,
      });
      await client.send(complete, options);
    },
    async abort() {
      if (UploadId === undefined) return;
      const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await client.send(abort).catch(() => undefined);
    },
  };
}

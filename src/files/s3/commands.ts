/** Controls uploads and signs URLs, with the AWS SDK. */

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { toContentType } from '../file-types.ts';
import type { S3Control } from './control.ts';
import { guardS3 } from './trouble.ts';

const URL_SECONDS = 15 * 60;
/** Of a long film. */
const COMPLETE_TIMEOUT_MS = 10 * 60_000;

/** @param signal ends all requests but those of `abort`. */
export function createS3Commands(
  client: S3Client,
  toObject: (name: string) => { readonly Bucket: string; readonly Key: string },
  signal: AbortSignal,
): S3Control {
  const options = { abortSignal: signal };

  const toValidity = () => ({
    // The SDK finds out whether this machine's clock is wrong, but corrects it only in its own requests.
    signingDate: new Date(Date.now() + client.config.systemClockOffset),
    expiresIn: URL_SECONDS,
  });

  return {
    async begin(name) {
      const upload = { ...toObject(name), ContentType: toContentType(name) };
      const created = await guardS3(client.send(new CreateMultipartUploadCommand(upload), options));
      return created.UploadId ?? '';
    },
    async complete(name, UploadId, etags) {
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      const upload = { ...toObject(name), UploadId, MultipartUpload: { Parts } };
      const command = new CompleteMultipartUploadCommand(upload);
      await guardS3(client.send(command, { ...options, requestTimeout: COMPLETE_TIMEOUT_MS }));
    },
    async abort(name, UploadId) {
      await guardS3(client.send(new AbortMultipartUploadCommand({ ...toObject(name), UploadId })));
    },
    toPartUrl(name, UploadId, PartNumber) {
      const part = new UploadPartCommand({ ...toObject(name), UploadId, PartNumber });
      return guardS3(getSignedUrl(client, part, toValidity()));
    },
    toWriteUrl(name) {
      const put = new PutObjectCommand(toObject(name));
      return guardS3(getSignedUrl(client, put, toValidity()));
    },
    toReadUrl(name) {
      const get = new GetObjectCommand(toObject(name));
      return guardS3(getSignedUrl(client, get, toValidity()));
    },
  };
}

/** Copies in a bucket of Amazon S3 or of a compatible store. Loaded only when `KEEP_URL` names one. */

import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { HOUR_MS } from '../durations.ts';
import { type S3KeepUrl, toKeepName } from '../keep-url.ts';
import { findProxy } from '../upstream/outbound-proxy.ts';
import { type Destination, DestinationError, type DestinationSettings } from './destination.ts';
import { toContentType, toDisposition } from './file-types.ts';
import { requireProxySupport, S3Requests } from './s3-requests.ts';
import { explainS3 } from './s3-trouble.ts';
import { createUpload } from './s3-upload.ts';

/** S3's minimum. */
const MIN_PART = 5 * 1024 * 1024;
const MAX_PARTS = 10_000;
/** Statuses of stores that cannot list unfinished uploads. */
const NOT_IMPLEMENTED = new Set([400, 404, 405, 501]);

export function createS3Destination(url: S3KeepUrl, settings: DestinationSettings): Destination {
  const { bucket, prefix, region, endpoint, forcePathStyle } = url;
  const address = endpoint ?? `https://${bucket}.s3.${region ?? 'us-east-1'}.amazonaws.com`;
  if (findProxy(address, settings)) requireProxySupport(process.version);
  const client = new S3Client({
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    forcePathStyle,
    // Many compatible stores do not know the SDK's checksums. Copies are read back and compared anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new S3Requests((address) => findProxy(address, settings)),
  });
  const toKey = (name: string) => (prefix === '' ? name : `${prefix}/${name}`);
  const toObject = (name: string) => ({ Bucket: bucket, Key: toKey(name) });
  const partSize = Math.max(MIN_PART, Math.ceil(settings.KEEP_MAX_BYTES / MAX_PARTS));

  async function guard<T>(work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      throw new DestinationError(explainS3(error), { cause: error });
    });
  }

  /** An object is visible once all of its parts have been put together. */
  async function write(
    name: string,
    source: AsyncIterable<Buffer>,
    signal: AbortSignal,
  ): Promise<void> {
    const object = toObject(name);
    const ContentType = toContentType(name);
    const upload = createUpload(client, { ...object, ContentType }, signal);
    // The memory of a part is used again: a film takes as much as its longest part.
    const part = Buffer.allocUnsafeSlow(partSize);
    let length = 0;
    try {
      for await (const chunk of source) {
        for (let taken = 0; taken < chunk.length; ) {
          if (length === partSize) {
            await guard(upload.sendPart(part));
            length = 0;
          }
          const copied = chunk.copy(part, length, taken);
          length += copied;
          taken += copied;
        }
      }
      await guard(upload.end(part.subarray(0, length)));
    } catch (error) {
      await upload.abort();
      signal.throwIfAborted();
      throw error;
    }
  }

  /** Aborts the uploads of processes that died: until then their parts are stored and paid for. */
  async function abortUploads(name: string): Promise<void> {
    const Prefix = toKey(name);
    try {
      const list = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix });
      const { Uploads = [] } = await client.send(list);
      for (const { Key, UploadId } of Uploads) {
        if (Key !== Prefix || !UploadId) continue;
        await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
      }
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : 0;
      if (!NOT_IMPLEMENTED.has(status ?? 0)) throw error;
    }
  }

  return {
    name: toKeepName(url),
    write,
    async read(name, signal) {
      const get = new GetObjectCommand(toObject(name));
      const { Body } = await guard(client.send(get, { abortSignal: signal }));
      if (!(Body instanceof Readable)) throw new DestinationError(`${name} has no content`);
      return guardChunks(Body);
    },
    async has(name) {
      const head = client.send(new HeadObjectCommand(toObject(name)));
      return head.then(
        () => true,
        (error: unknown) => {
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)
            return false;
          throw new DestinationError(explainS3(error), { cause: error });
        },
      );
    },
    async remove(name) {
      await guard(client.send(new DeleteObjectCommand(toObject(name))));
      await guard(abortUploads(name));
    },
    toUrl(name, until) {
      // Signed as of the beginning of the hour: the URL stays the same for an hour, so browsers can cache.
      const signingDate = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS);
      const expiresIn = Math.floor((until - signingDate.getTime()) / 1_000);
      const get = new GetObjectCommand({
        ...toObject(name),
        ResponseContentType: toContentType(name),
        ResponseContentDisposition: toDisposition(name, false),
      });
      return guard(getSignedUrl(client, get, { signingDate, expiresIn }));
    },
    close: () => client.destroy(),
  };
}

async function* guardChunks(body: Readable): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (error) {
    throw new DestinationError(explainS3(error), { cause: error });
  }
}

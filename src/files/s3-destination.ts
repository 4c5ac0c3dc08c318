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
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { HOUR_MS } from '../durations.ts';
import { type S3KeepUrl, toKeepName } from '../keep-url.ts';
import { findProxy } from '../upstream/outbound-proxy.ts';
import { type Destination, DestinationError, type DestinationSettings } from './destination.ts';
import { toContentType, toDisposition } from './file-types.ts';
import { requireProxySupport, S3Requests } from './s3-requests.ts';
import { explainS3 } from './s3-trouble.ts';

/** S3's minimum. A copy holds about two parts in memory. */
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
    const { body, failure } = watchSource(source);
    const upload = new Upload({
      client,
      params: { ...toObject(name), Body: body, ContentType: toContentType(name) },
      queueSize: 1,
      partSize,
    });
    const abort = () => void upload.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await upload.done();
      // An aborted upload may look like a finished one.
      signal.throwIfAborted();
    } catch (error) {
      body.destroy();
      signal.throwIfAborted();
      throw failure() ?? new DestinationError(explainS3(error), { cause: error });
    } finally {
      signal.removeEventListener('abort', abort);
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

/** The SDK wraps what a source throws, so it is remembered here. */
function watchSource(source: AsyncIterable<Buffer>) {
  let failed: unknown;
  async function* watch(): AsyncGenerator<Buffer, void, void> {
    try {
      yield* source;
    } catch (error) {
      failed = error;
      throw error;
    }
  }
  return { body: Readable.from(watch(), { objectMode: false }), failure: () => failed };
}

async function* guardChunks(body: Readable): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* body;
  } catch (error) {
    throw new DestinationError(explainS3(error), { cause: error });
  }
}

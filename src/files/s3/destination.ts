/** Copies in a bucket of Amazon S3 or of a compatible store. Loaded only when `KEEP_URL` names one. */

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
import { type S3KeepUrl, toKeepName } from '../../config/keep-url.ts';
import { HOUR_MS } from '../../durations.ts';
import { findProxy } from '../../upstream/outbound-proxy.ts';
import type { Destination, DestinationSettings } from '../destination.ts';
import { toContentType, toDisposition } from '../file-types.ts';
import { createS3Commands } from './commands.ts';
import { createS3Http } from './http.ts';
import { createS3Objects } from './objects.ts';
import { requireProxySupport, S3Requests } from './requests.ts';
import { guardS3, toDestinationError } from './trouble.ts';

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

  const http = createS3Http(settings);
  const openControl = (signal: AbortSignal) => createS3Commands(client, toObject, signal);

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
    openControl,
    ...createS3Objects({ openControl, http, maxBytes: settings.KEEP_MAX_BYTES }),
    async has(name) {
      const head = client.send(new HeadObjectCommand(toObject(name)));
      return head.then(
        () => true,
        (error: unknown) => {
          if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404)
            return false;
          throw toDestinationError(error);
        },
      );
    },
    async remove(name) {
      await guardS3(client.send(new DeleteObjectCommand(toObject(name))));
      await guardS3(abortUploads(name));
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
      return guardS3(getSignedUrl(client, get, { signingDate, expiresIn }));
    },
    close() {
      client.destroy();
      http.close();
    },
  };
}

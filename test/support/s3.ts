/** A real S3 server over HTTP. `TEST_S3_URL` names one of yours instead, as KEEP_URL does. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import S3rver from 's3rver';
import { keepUrl } from '../../src/keep-url.ts';

/** What s3rver accepts; servers of yours read them from the environment. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export interface S3Server extends AsyncDisposable {
  /** For KEEP_URL; with a bucket that exists. */
  readonly url: string;
  readonly env: Record<string, string>;
  /** The keys of all objects, sorted. */
  listKeys(): Promise<string[]>;
  /** The keys of uploads that were begun and not ended; none where the server cannot tell. */
  listUploads(): Promise<string[]>;
}

let count = 0;

export async function startS3(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-s3-'));
  const own = process.env.TEST_S3_URL ? null : createServer(folder);
  const port = own ? (await own.run()).port : 0;
  count += 1;
  const bucket = `films-${process.pid}-${count}`;
  const query = `region=us-east-1&endpoint=http://127.0.0.1:${port}&forcePathStyle=true`;
  const url = process.env.TEST_S3_URL?.replace('BUCKET', bucket) ?? `s3://${bucket}/kept?${query}`;
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
  const credentials = own
    ? CREDENTIALS
    : { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  const parsed = keepUrl.parse(url);
  if (parsed.kind !== 's3') throw new Error('TEST_S3_URL: must begin with s3://');
  const client = new S3Client({
    credentials,
    region: parsed.region ?? 'us-east-1',
    ...(parsed.endpoint && { endpoint: parsed.endpoint }),
    forcePathStyle: parsed.forcePathStyle,
  });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));

  return {
    url,
    env: {
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async listKeys() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key = '' }) => Key).sort();
    },
    async listUploads() {
      const list = new ListMultipartUploadsCommand({ Bucket: bucket });
      const { Uploads = [] } = await client.send(list).catch((error: Error) => {
        // s3rver does not implement it.
        if (own && error.name === 'NotImplemented') return { Uploads: [] };
        throw error;
      });
      return Uploads.map(({ Key = '' }) => Key);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await own?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function createServer(directory: string): S3rver {
  return new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory });
}

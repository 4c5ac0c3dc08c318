/** Real S3 servers over HTTP. `TEST_S3_URL` names one of yours instead, as KEEP_URL does. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import S3rver from 's3rver';
import { keepUrl } from '../../src/config/keep-url.ts';
import { isMark } from '../../src/files/destination-mark.ts';
import { HAS_SWIFT, startSwift } from './swift.ts';

export const S3_KINDS = process.env.TEST_S3_URL
  ? ['TEST_S3_URL']
  : ['s3rver', ...(HAS_SWIFT ? ['Swift'] : [])];

export interface S3Server extends AsyncDisposable {
  /** For KEEP_URL; with a bucket that exists. */
  readonly url: string;
  readonly env: Record<string, string>;
  /** The keys of all objects but the marks of gateways, sorted. */
  listKeys(): Promise<string[]>;
  /** The keys of uploads that were begun and not ended; null where the server cannot tell. */
  listUploads(): Promise<string[] | null>;
}

interface Backend {
  /** `BUCKET` stands for the bucket's name. */
  readonly url: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  close(): Promise<void>;
}

const BACKENDS: Readonly<Record<string, () => Promise<Backend>>> = {
  async s3rver() {
    const directory = await mkdtemp(join(tmpdir(), 'longtake-s3-'));
    const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory });
    const { port } = await server.run();
    return {
      url: toUrl(`http://127.0.0.1:${port}`),
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
      async close() {
        await server.close();
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
  async Swift() {
    const { endpoint, close } = await startSwift();
    const credentials = { accessKeyId: 'test:tester', secretAccessKey: 'testing' };
    return { url: toUrl(endpoint), credentials, close };
  },
  async TEST_S3_URL() {
    const { TEST_S3_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
    const credentials = {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
    };
    return { url: TEST_S3_URL, credentials, close: async () => {} };
  },
};

function toUrl(endpoint: string): string {
  return `s3://BUCKET/kept?region=us-east-1&endpoint=${endpoint}&forcePathStyle=true`;
}

let count = 0;

/** @param kind one of `S3_KINDS`. */
export async function startS3(kind = S3_KINDS[0] ?? ''): Promise<S3Server> {
  const backend = await BACKENDS[kind]?.();
  if (!backend) throw new Error(`no S3 server ${kind}`);
  const { credentials } = backend;
  count += 1;
  const bucket = `films-${process.pid}-${count}`;
  const url = backend.url.replace('BUCKET', bucket);
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
      const keys = Contents.map(({ Key = '' }) => Key).sort();
      return keys.filter((key) => !isMark(basename(key)));
    },
    async listUploads() {
      const list = new ListMultipartUploadsCommand({ Bucket: bucket });
      try {
        const { Uploads = [] } = await client.send(list);
        return Uploads.map(({ Key = '' }) => Key);
      } catch (error) {
        // s3rver does not implement it.
        if (error instanceof Error && error.name === 'NotImplemented') return null;
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await backend.close();
    },
  };
}

/** Bytes on their way to a bucket, by signed URLs. */

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DestinationError } from '../src/files/destination.ts';
import { createS3Http } from '../src/files/s3/http.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const { signal } = new AbortController();
const BYTES = Buffer.from(randomBytes(1_500_000).toString('hex'));
const SIGNATURE = 'X-Amz-Signature=0123456789abcdef';

const toXml = (code: string, message: string) =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

describe('a PUT by a signed URL', () => {
  it('is repeated with the same bytes and a new URL while the network or the store fails', async () => {
    await using store = await startScriptedUpstream(({ query }, response) => {
      const attempt = query.get('attempt');
      if (attempt === '1') response.writeHead(503).end(toXml('SlowDown', 'Reduce your rate.'));
      else if (attempt === '2') response.destroy();
      else response.writeHead(200, { etag: '"3"' }).end();
    });
    const http = createS3Http({ NO_PROXY: [] });
    let signed = 0;
    const sign = async () => `${store.url}/film?attempt=${++signed}`;

    const etag = await http.put(sign, BYTES, 'video/mp4', signal);

    expect(etag).toBe('"3"');
    expect(store.requests.map(({ query }) => query.get('attempt'))).toEqual(['1', '2', '3']);
    for (const { body, headers } of store.requests) {
      expect(headers).toMatchObject({
        'content-type': 'video/mp4',
        'content-length': String(BYTES.length),
      });
      expect(BYTES.equals(Buffer.from(body))).toBe(true);
    }
    http.close();
  });

  it('that the store refuses fails at once, explained and without the URL', async () => {
    await using store = await startScriptedUpstream((_request, response) => {
      response.writeHead(403).end(toXml('AccessDenied', 'Access Denied.'));
    });
    const http = createS3Http({ NO_PROXY: [] });

    const putting = http.put(async () => `${store.url}/film?${SIGNATURE}`, BYTES, null, signal);
    const error: unknown = await putting.catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(DestinationError);
    expect(String(error)).toContain('the credentials lack a permission');
    expect(String(error)).toContain('(Access Denied.)');
    expect(inspect(error, { depth: null })).not.toContain(SIGNATURE);
    expect(store.requests).toHaveLength(1);
    http.close();
  });

  it('that no store answers fails without the URL', async () => {
    const store = await startScriptedUpstream(() => undefined);
    await store.close();
    const http = createS3Http({ NO_PROXY: [] });

    const putting = http.put(async () => `${store.url}/film?${SIGNATURE}`, BYTES, null, signal);
    const error: unknown = await putting.catch((reason: unknown) => reason);

    expect(String(error)).toContain('nothing answers there');
    expect(inspect(error, { depth: null })).not.toContain(SIGNATURE);
    http.close();
  });

  it('ends when it is aborted', async () => {
    const closed = Promise.withResolvers<void>();
    await using store = await startScriptedUpstream((_request, response) => {
      response.on('close', closed.resolve);
    });
    const http = createS3Http({ NO_PROXY: [] });
    const aborting = new AbortController();

    const putting = http.put(async () => `${store.url}/film`, BYTES, null, aborting.signal);
    const failed = expect(putting).rejects.toThrow(DestinationError);
    await store.nextRequest();
    aborting.abort();

    await failed;
    await closed.promise;
    expect(store.requests).toHaveLength(1);
    http.close();
  });
});

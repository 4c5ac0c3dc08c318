import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { examineCopies } from '../src/doctor/copies.ts';
import { type S3Server, startS3 } from './support/s3.ts';
import { HAS_SWIFT } from './support/swift.ts';

const examine = (KEEP_URL: string, more = {}) =>
  examineCopies(readConfig({ APIKLEY_API_KEY: 'key', KEEP_DAYS: '30', KEEP_URL, ...more }));

describe('the doctor, about copies,', () => {
  let folder: string;
  let server: S3Server;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longtake-doctor-'));
    server = await startS3();
    Object.assign(process.env, server.env);
  });
  afterAll(async () => {
    for (const name of Object.keys(server.env)) delete process.env[name];
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('says nothing without KEEP_URL', async () => {
    expect(await examine('')).toEqual([]);
  });

  it('accepts a folder and a bucket, and leaves nothing there', async () => {
    for (const url of [`file:${folder}`, server.url]) {
      expect(await examine(url)).toEqual([
        {
          level: 'ok',
          subject: 'copies',
          message: expect.stringContaining('can be written, read and deleted'),
          fix: null,
        },
      ]);
    }
    expect(await readdir(folder)).toEqual([]);
    expect(await server.listKeys()).toEqual([]);
  });

  it.each([
    ['a folder that cannot be made', () => 'file:/dev/null/kept', /ENOTDIR/],
    [
      'a bucket that does not exist',
      () => server.url.replace(/s3:\/\/[^/]+/, 's3://no-such-bucket'),
      /the bucket does not exist/,
    ],
    [
      'a store that does not answer',
      () => server.url.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9'),
      /nothing answers there/,
    ],
    [
      'a bucket without a region',
      () => server.url.replace('region=us-east-1&', ''),
      /Set region= in KEEP_URL/,
    ],
  ])('names what is wrong: %s', async (_name, toUrl, message) => {
    const [finding] = await examine(toUrl());

    expect(finding).toMatchObject({ level: 'fault', message: expect.stringMatching(message) });
  });

  it('names wrong credentials', async () => {
    const key = process.env.AWS_ACCESS_KEY_ID;
    process.env.AWS_ACCESS_KEY_ID = 'wrong';
    const [finding] = await examine(server.url);
    process.env.AWS_ACCESS_KEY_ID = key;

    expect(finding).toMatchObject({
      level: 'fault',
      message: expect.stringContaining('Correct AWS_ACCESS_KEY_ID'),
    });
  });

  it.skipIf(!HAS_SWIFT)('names a wrong secret key', async () => {
    // s3rver accepts any.
    await using swift = await startS3('Swift');
    const own = { ...server.env };
    Object.assign(process.env, swift.env, { AWS_SECRET_ACCESS_KEY: 'wrong' });
    const [finding] = await examine(swift.url);
    Object.assign(process.env, own);

    expect(finding).toMatchObject({
      level: 'fault',
      message: expect.stringContaining('Correct AWS_SECRET_ACCESS_KEY'),
    });
  });

  it.skipIf(!HAS_SWIFT)('names a clock that is an hour late', async () => {
    await using swift = await startS3('Swift');
    const own = { ...server.env };
    Object.assign(process.env, swift.env);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    const [finding] = await examine(swift.url);
    vi.useRealTimers();
    Object.assign(process.env, own);

    expect(finding).toMatchObject({
      level: 'fault',
      message: expect.stringContaining("this machine's clock is wrong"),
    });
  });

  it('warns that copies are removed together with their videos', async () => {
    const findings = await examine(`file:${folder}`, { KEEP_DAYS: '0' });

    expect(findings[1]).toMatchObject({
      level: 'warning',
      message: 'copies are removed with their videos after 60 days',
    });
  });
});

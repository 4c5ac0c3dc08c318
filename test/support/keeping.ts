/** A gateway that keeps files. */

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { isMark } from '../../src/files/destination-mark.ts';
import { ReadKeptDocument, type ReadKeptQuery } from '../generated/graphql.ts';
import type { TestCaller } from './gateway.ts';

export type KeptVideo = NonNullable<ReadKeptQuery['video']>;

export async function readKept(
  gateway: Pick<TestCaller, 'graphql'>,
  id: string,
): Promise<KeptVideo> {
  const { data } = await gateway.graphql(ReadKeptDocument, { id });
  if (!data.video) throw new Error(`no video ${id}`);
  return data.video;
}

/** Waits until the film's copy has this state, which has no event that a client could wait for. */
export async function untilKept(
  gateway: Pick<TestCaller, 'graphql'>,
  id: string,
  state: 'KEPT' | 'FAILED' = 'KEPT',
): Promise<KeptVideo> {
  await expect.poll(async () => (await readKept(gateway, id)).kept?.state).toBe(state);
  return readKept(gateway, id);
}

/** All copies below a folder, sorted, without the file that marks the folder. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => entry.isFile() && !isMark(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export async function download(url: string | null): Promise<Buffer> {
  const response = await fetch(url ?? '');
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

export function toSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether copies of files can be stored. */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../config.ts';
import { type Destination, DestinationError } from '../files/destination.ts';
import { isMark } from '../files/destination-mark.ts';
import { guard } from '../files/file-destination.ts';
import { openDestination } from '../files/open-destination.ts';
import { isShared } from '../store/database.ts';
import { within } from '../within.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const PATIENCE_MS = 20_000;

/** Writes, reads and deletes a small file at the destination. */
export async function examineCopies(config: Config): Promise<Finding[]> {
  if (!config.KEEP_URL) return [];
  try {
    return await examineDestination(config, await openDestination(config.KEEP_URL, config));
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    return [fault('copies', error.message, FIX)];
  }
}

async function examineDestination(config: Config, destination: Destination): Promise<Finding[]> {
  const folder = config.KEEP_URL?.kind === 'file' ? resolve(config.KEEP_URL.path) : null;
  const aborting = new AbortController();
  const name = `doctor-${randomUUID()}/film-1.mp4`;
  const words = Buffer.from('A test of longtake doctor. It can be deleted.');

  async function tryOut(): Promise<Finding> {
    await destination.write(name, toSource(words), aborting.signal);
    const chunks: Uint8Array[] = [];
    for await (const chunk of await destination.read(name, aborting.signal)) chunks.push(chunk);
    await destination.remove(name);
    return Buffer.concat(chunks).equals(words)
      ? ok('copies', `${destination.name} can be written, read and deleted`)
      : fault('copies', `${destination.name} does not return what was stored`);
  }

  async function tryOutFolder(path: string): Promise<Finding[]> {
    // Only the gateway creates the folder for good, when it uses it for the first time.
    const made = await guard(mkdir(path, { recursive: true }));
    try {
      const finding = await tryOut();
      const files = await guard(readdir(path));
      return [finding, ...(files.some(isMark) ? [] : findMissingDisk(config, destination.name))];
    } finally {
      // A gateway may use it by now.
      if (made !== undefined) await rmdir(path).catch(() => undefined);
    }
  }

  try {
    const late = fault('copies', `${destination.name} does not answer within 20 s`, FIX);
    const work = folder === null ? tryOut().then((finding) => [finding]) : tryOutFolder(folder);
    return [...(await within(PATIENCE_MS, work, [late])), ...findShortRetention(config)];
  } catch (error) {
    if (!(error instanceof DestinationError)) throw error;
    await destination.remove(name).catch(() => undefined);
    return [fault('copies', `${destination.name} cannot be used: ${error.message}`, FIX)];
  } finally {
    aborting.abort();
    destination.close();
  }
}

const FIX =
  'Until then films are lost 14 days after they were made. Correct KEEP_URL or the permissions.';

/** A folder without the mark of a gateway is new, or the mount point of a disk that is not mounted. */
function findMissingDisk({ DATABASE_URL }: Config, name: string): Finding[] {
  const isNew = !isShared(DATABASE_URL) && !existsSync(DATABASE_URL.slice('sqlite:'.length));
  if (isNew) return [];
  return [
    warning(
      'copies',
      `${name} contains no copies of a gateway`,
      'Ignore this before the first copy. Otherwise mount its disk, or correct KEEP_URL: until then nothing is copied.',
    ),
  ];
}

function findShortRetention({ KEEP_DAYS, RETENTION_DAYS }: Config): Finding[] {
  if (KEEP_DAYS > 0 && KEEP_DAYS <= RETENTION_DAYS) return [];
  const asked = KEEP_DAYS === 0 ? '' : ` although KEEP_DAYS is ${KEEP_DAYS}`;
  return [
    warning(
      'copies',
      `copies are removed with their videos after ${RETENTION_DAYS} days${asked}`,
      'Raise RETENTION_DAYS if films are to be kept for longer, or set KEEP_DAYS.',
    ),
  ];
}

async function* toSource(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  yield bytes;
}

/** Whether copies of files can be stored. */

import { randomUUID } from 'node:crypto';
import type { Config } from '../config.ts';
import { DestinationError } from '../files/destination.ts';
import { openDestination } from '../files/open-destination.ts';
import { within } from '../within.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const PATIENCE_MS = 20_000;

/** Writes, reads and deletes a small file at the destination. */
export async function examineCopies(config: Config): Promise<Finding[]> {
  if (!config.KEEP_URL) return [];
  const destination = await openDestination(config.KEEP_URL, config);
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

  try {
    const late = fault('copies', `${destination.name} does not answer within 20 s`, FIX);
    const finding = await within(PATIENCE_MS, tryOut(), late);
    return [finding, ...findShortRetention(config)];
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
  'Until then films are lost 14 days after they were made. Correct KEEP_URL or the rights.';

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

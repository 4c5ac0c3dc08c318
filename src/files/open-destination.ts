import type { KeepUrl } from '../keep-url.ts';
import type { Destination } from './destination.ts';
import { createFileDestination } from './file-destination.ts';

/** @param maxBytes the longest file that is stored. */
export async function openDestination(url: KeepUrl, maxBytes: number): Promise<Destination> {
  if (url.kind === 'file') return createFileDestination(url.path);
  // Takes 0.3 s to load, and is needed by few.
  const { createS3Destination } = await import('./s3-destination.ts');
  return createS3Destination(url, maxBytes);
}

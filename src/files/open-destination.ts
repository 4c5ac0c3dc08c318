import type { KeepUrl } from '../config/keep-url.ts';
import type { Destination, DestinationSettings } from './destination.ts';
import { createFileDestination } from './file-destination.ts';

export async function openDestination(
  url: KeepUrl,
  settings: DestinationSettings,
): Promise<Destination> {
  if (url.kind === 'file') return createFileDestination(url.path);
  // Takes 0.3 s to load, and is needed by few.
  const { createS3Destination } = await import('./s3/destination.ts');
  return createS3Destination(url, settings);
}

import type { KeepUrl } from '../config-values.ts';
import { createFileDestination, type FileDestination } from './file-destination.ts';

export async function openDestination(url: KeepUrl): Promise<FileDestination> {
  return createFileDestination(url.path);
}

/** The programs that tests start: those that global-setup.ts has built, otherwise the sources. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

export const MAIN = process.env.TEST_GATEWAY ?? join(SOURCES, 'main.ts');

/** The arguments for Node that run a program of `src/`. */
export function toArguments(path: string): string[] {
  if (path === 'main.ts') return [MAIN];
  // The build starts in half the time.
  return path === 'doctor/main.ts' && process.env.TEST_GATEWAY
    ? [join(dirname(process.env.TEST_GATEWAY), 'cli.js'), 'doctor']
    : [join(SOURCES, path)];
}

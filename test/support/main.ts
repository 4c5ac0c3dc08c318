/** What a test starts as the gateway: what global-setup.ts has built, or else the sources. */

import { fileURLToPath } from 'node:url';

export const MAIN =
  process.env.TEST_GATEWAY ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));

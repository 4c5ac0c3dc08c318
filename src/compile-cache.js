/**
 * Keeps what was compiled for the next start: half of a start is compiling. Plain JavaScript, for
 * `npm start` loads it before main.ts (`--import`): so the compiler that takes types away, and its
 * 16 MiB, are needed once only. The default folder can be written by anybody on the machine, so the
 * cache lies among our own packages; where that is read-only, there is none.
 */

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));

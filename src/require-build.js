/**
 * `npm run start:built` loads it before the build (`--import`): where there is none, Node would say only
 * that a module cannot be found. Plain JavaScript, because it needs no compiler of types.
 */

import { existsSync } from 'node:fs';

if (!existsSync(new URL('../dist/gateway/main.js', import.meta.url))) {
  process.stderr.write('There is no build to start. Make one: npm run build\n');
  process.exit(1);
}

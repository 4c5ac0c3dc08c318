/** What a test starts as the gateway: the sources, or with `TEST_BUILT=on` what `npm run build` made. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = process.env.TEST_BUILT === 'on' ? '../../dist/gateway/main.js' : '../../src/main.ts';

export const MAIN = fileURLToPath(new URL(path, import.meta.url));

if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: npm run build makes it.`);

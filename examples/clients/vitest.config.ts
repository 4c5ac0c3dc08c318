import { join } from 'node:path';
import relay from 'vite-plugin-relay';
import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** `npm run test:clients`: apart from `npm test`, which needs no package of a client. */
export default defineConfig({
  ...base,
  root: join(import.meta.dirname, '../..'),
  // Puts the compiler's artifacts in the place of the graphql tags.
  plugins: [relay],
  test: { ...base.test, include: ['test/clients/**/*.client.ts'] },
});

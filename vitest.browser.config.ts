import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** `npm run test:browser`: apart from `npm test`, which needs no browser. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/browser/**/*.browser.ts'],
    globalSetup: 'test/browser/support/build.ts',
    // Each file has a browser of its own.
    isolate: true,
    // One browser at a time is enough for a small machine.
    fileParallelism: false,
  },
});

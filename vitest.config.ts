import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // graphql 17 has a `development` export condition that Vite takes and Node does not: without
  // this line two copies of graphql meet in one process ("another module or realm"). Vitest hands the
  // list to Node too, where `import` would break packages that `require` each other, as pg does.
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['test/**/*.test.ts'],
    // Most tests wait for something most of the time: two at a time on the smallest machine, too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Only to end what hangs: no test depends on speed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});

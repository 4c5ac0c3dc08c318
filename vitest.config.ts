import { defineConfig } from 'vitest/config';

export default defineConfig({
  // graphql 17 has a `development` export condition that Vite takes and Node does not: without
  // this line two copies of graphql meet in one process ("another module or realm").
  ssr: { resolve: { conditions: ['node', 'module-sync', 'import', 'default'] } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONGEST = [
  'crash.test.ts',
  'crash/postgres.test.ts',
  'model.test.ts',
  'doctor.test.ts',
  'replicas.test.ts',
  'commands.test.ts',
  'package.test.ts',
];

/** Begins with those that take minutes: at the end one alone would keep the others' processors idle. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) =>
      LONGEST.some((name) => moduleId.endsWith(`/${name}`)) ? 0 : 1;
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  // graphql 17 has a `development` export condition that Vite takes and Node does not: without
  // this line two copies of graphql meet in one process ("another module or realm"). Vitest hands the
  // list to Node too, where `import` would break packages that `require` each other, as pg does.
  ssr: { resolve: { conditions: ['node', 'module-sync'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    // Most tests wait for something most of the time: two at a time on the smallest machine, too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    // Only to end what hangs: no test depends on speed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});

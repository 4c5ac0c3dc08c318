import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const LONGEST = [
  'crash/sequences.test.ts',
  'crash/postgres.test.ts',
  'crash/crash.test.ts',
  'crash/queue.test.ts',
  's3.test.ts',
  'doctor.test.ts',
  'queue-replicas.test.ts',
  'queue-faults.test.ts',
  'model.test.ts',
  'queue-model.test.ts',
  'replicas.test.ts',
  'outage.test.ts',
  'gate.test.ts',
  'shared-database.test.ts',
  'deleting.test.ts',
  'connection-memory.test.ts',
  'postgres-tls.test.ts',
  'outbound-proxy.test.ts',
  'issuer-keys.test.ts',
  'kept-crash.test.ts',
  'lost-copies.test.ts',
  'secrets.test.ts',
  'commands.test.ts',
  'typescript.test.ts',
  'poolers.test.ts',
  'clock-set-back.test.ts',
  'exit-code.test.ts',
  'package.test.ts',
];

/** Starts the longest files first, so that none of them runs alone at the end. */
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
    // Most tests wait most of the time, for a child process or a timer: more workers than processors.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    // A worker loads the gateway once for all of its files: loading it takes longer than many of them.
    isolate: false,
    // Only to end what hangs: no test depends on speed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});

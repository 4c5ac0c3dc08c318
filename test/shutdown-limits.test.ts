/** What a shutdown reports if something cannot be closed in time. */

import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createShutdown } from '../src/server/graceful-shutdown.ts';

/** Never resolves, like the end of a thread that waits for a disk. */
const hang = () => new Promise<void>(() => {});

it.each([
  { title: 'waits for a disk', keepUrl: { kind: 'file', path: '/kept' } as const, mayExit: false },
  { title: 'waits only for PostgreSQL', keepUrl: undefined, mayExit: true },
])('tells whether process.exit may hang: a release that $title', async ({ keepUrl, mayExit }) => {
  const close = createShutdown({
    config: {
      SHUTDOWN_TIMEOUT_MS: 1,
      DRAIN_GRACE_MS: 0,
      DATABASE_URL: 'postgres://127.0.0.1/longtake',
      KEEP_URL: keepUrl,
    },
    log: pino({ level: 'silent' }),
    output: { write() {}, dropped: 0, close: async () => true },
    begin() {},
    drain: async () => {},
    cutOff() {},
    release: hang,
  });

  expect(await close()).toBe(mayExit);
});

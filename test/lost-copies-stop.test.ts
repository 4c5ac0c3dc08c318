/** Checks for deleted copies, at a shutdown. */

import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createHub } from '../src/delivery/hub.ts';
import { createFileDestination } from '../src/files/file-destination.ts';
import { createLostCopies } from '../src/files/lost-copies.ts';
import { openDatabase } from '../src/store/database.ts';
import { NO_METRICS } from '../src/telemetry/metrics.ts';
import { makeFolder } from './support/folder.ts';

it('ends the checks in the background, after the one that is running', async () => {
  await using folder = await makeFolder();
  const { db, close } = await openDatabase(`sqlite:${join(folder.path, 'gateway.db')}`);
  const destination = createFileDestination(folder.path);
  const answered = Promise.withResolvers<void>();
  const steps: string[] = [];
  const lostCopies = createLostCopies({
    db,
    hub: createHub(),
    metrics: NO_METRICS,
    log: pino({ level: 'silent' }),
    destination: {
      ...destination,
      async has(name) {
        steps.push(name);
        await answered.promise;
        const found = await destination.has(name);
        steps.push('answered');
        return found;
      },
    },
  });
  for (const id of [1, 2, 3]) lostCopies.checkLater(`${id}/film-1.mp4`);

  const stopped = lostCopies.stop();
  lostCopies.checkLater('4/film-1.mp4');
  answered.resolve();
  await stopped;
  steps.push('stopped');

  expect(steps).toEqual(['1/film-1.mp4', 'answered', 'stopped']);
  await close();
});

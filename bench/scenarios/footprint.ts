/** Memory before the first request, and the time from the start to the first answer. */

import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import { type Setting, startSubject, withoutFailures } from '../lib/subjects.ts';

const NAMES = ['constant', 'textbook', 'apollo', 'sqlite', 'postgres', 'sources'] as const;

export async function measureFootprint(setting: Setting, pace: Pace): Promise<Measure[]> {
  const start = createMeasure('Time from the start to the first answer', 'ms');
  const rss = createMeasure('RSS before the first request', 'MiB');
  const names = new Set(NAMES);
  for (let round = 0; round < Math.min(5, pace.rounds); round += 1) {
    for (const name of names) {
      const subject = await withoutFailures(setting, name, () => startSubject(name, setting));
      if (!subject) {
        names.delete(name);
        continue;
      }
      start.add(name, subject.startMs);
      rss.add(name, (await subject.measureMemory()).rss / 1024 / 1024);
      await subject.stop();
    }
  }
  return [start, rss];
}

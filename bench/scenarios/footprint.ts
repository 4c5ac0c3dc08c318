/** What a subject takes before anybody asks it anything, and how soon it answers. */

import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import { type Setting, startSubject } from '../lib/subjects.ts';

const NAMES = ['constant', 'textbook', 'apollo', 'sqlite', 'postgres', 'sources'] as const;

export async function measureFootprint(setting: Setting, pace: Pace): Promise<Measure[]> {
  const start = createMeasure('From the start to the first answer', 'ms');
  const rss = createMeasure('RSS idle', 'MiB');
  for (let round = 0; round < Math.min(5, 2 * pace.rounds + 1); round += 1) {
    for (const name of NAMES) {
      const subject = await startSubject(name, setting);
      start.add(name, subject.startMs);
      rss.add(name, (await subject.measureMemory()).rss / 1024 / 1024);
      await subject.stop();
    }
  }
  return [start, rss];
}

/** Queries of a finished and of an open video by 50 connections. */

import { callBack, extend, findCallbackUrl, readVideo, VIDEO_QUERY } from '../lib/graphql.ts';
import { load } from '../lib/load.ts';
import type { Pace } from '../lib/pace.ts';
import { createMeasure, type Measure } from '../lib/report.ts';
import { isGateway, type Setting, startSubjects } from '../lib/subjects.ts';

const NAMES = ['constant', 'textbook', 'apollo', 'sqlite', 'postgres'] as const;

export async function measureQueries(setting: Setting, pace: Pace): Promise<Measure[]> {
  const measures = {
    finished: [
      createMeasure('Query of a finished video, 50 connections', 'requests/s'),
      createMeasure('Query of a finished video, p99', 'ms'),
    ],
    open: [
      createMeasure('Query of an open video, 50 connections', 'requests/s'),
      createMeasure('Query of an open video, p99', 'ms'),
    ],
  } as const;
  const rows = [];
  for (const subject of await startSubjects(NAMES, setting)) {
    const { name } = subject;
    const ids = { finished: 'done-1', open: 'task-open' };
    if (isGateway(name)) {
      ids.finished = await extend(subject);
      await callBack(await findCallbackUrl(setting, ids.finished), ids.finished);
      ids.open = await extend(subject);
    }
    for (const kind of ['finished', 'open'] as const) {
      const { state } = await readVideo(subject, ids[kind]);
      if (name !== 'constant' && (state === 'SUCCEEDED') !== (kind === 'finished')) {
        throw new Error(`${name}: the ${kind} video is ${state}`);
      }
      const body = { query: VIDEO_QUERY, operationName: 'V', variables: { id: ids[kind] } };
      await load(subject, body, pace.warmUpSeconds);
      rows.push({ subject, kind, body });
    }
  }
  // Subjects take turns within seconds, so that other load on the machine affects all of them.
  const { finished = [], open = [] } = Object.groupBy(rows, ({ kind }) => kind);
  for (let round = 0; round < pace.rounds; round += 1) {
    for (const { subject, kind, body } of [...finished, ...open]) {
      const { perSecond, p99Ms } = await load(subject, body, pace.seconds);
      measures[kind][0].add(subject.name, perSecond);
      measures[kind][1].add(subject.name, p99Ms);
    }
  }
  for (const subject of new Set(rows.map((row) => row.subject))) await subject.stop();
  return [...measures.finished, ...measures.open];
}

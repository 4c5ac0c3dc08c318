/** What the gateway has set itself, held against a run and against the least that does the same. */

import { type Measure, median, round, toRatio } from './report.ts';
import type { SubjectName } from './subjects.ts';

/** How the titles begin of what is measured among few and among many stored rows. */
export const HISTORY = 'In a long history over a short one';

const NAMES = ['sqlite', 'postgres'] as const;

/** What a target asks of a number. */
interface Limit {
  readonly text: string;
  isMetBy(value: number): boolean;
}

function atLeast(limit: number): Limit {
  return { text: `≥ ${limit}`, isMetBy: (value) => value >= limit };
}

function atMost(limit: number): Limit {
  return { text: `≤ ${limit}`, isMetBy: (value) => value <= limit };
}

export interface Target {
  readonly what: string;
  readonly limit: Limit;
  readonly found: number;
  /** The same of `constant` or `floor`. */
  readonly floor?: number;
}

/** Of a subject, in the run. */
type Figure = (subject: SubjectName) => number;

/** @param size of the crowd, as it stands in the titles. Only what has been measured. */
export function toTargets(measures: readonly Measure[], size: number): Target[] {
  const find = (title: string) => measures.find((measure) => measure.title.startsWith(title));
  const value =
    (title: string): Figure =>
    (subject) =>
      median(find(title)?.values[subject]);
  const ratio =
    (title: string, base: SubjectName = 'textbook'): Figure =>
    (subject) => {
      const measure = find(title);
      return measure ? toRatio(measure, subject, base) : Number.NaN;
    };
  const target = (what: string, limit: Limit, figure: Figure, floor?: SubjectName): Target => ({
    what,
    limit,
    found: figure('sqlite'),
    ...(floor && { floor: figure(floor) }),
  });

  const rate = 'A finished video, 50';
  const added = 'extendVideo, 1 connection: added p50';
  const submits = 'extendVideo, 50 connections';
  const paced = 'Callback → subscriber, 200 tasks, one by one';
  const nextShot = "Shot → next shot's POST: p50";
  const crowd = `${size} subscribers on one task`;
  const growth: Figure = (subject) =>
    value('An open video among 10 ')(subject) / value('An open video among 100,000')(subject);
  const history: Figure = (subject) =>
    Math.max(
      ...measures
        .filter(({ title }) => title.startsWith(HISTORY))
        .map(({ values }) => median(values[subject])),
    );
  /** Of both databases. */
  const both = (title: string) => NAMES.map((name) => median(find(title)?.values[name]));
  return [
    target('finished video, × textbook', atLeast(6), ratio(rate), 'constant'),
    target('finished video, × constant', atLeast(0.3), ratio(rate, 'constant')),
    target('its p99, × textbook', atMost(0.3), ratio('A finished video, p99'), 'constant'),
    target('open video on PostgreSQL, × textbook', atLeast(3), () =>
      ratio('An open video, 50')('postgres'),
    ),
    target('extendVideo, added p50, × textbook', atMost(1.2), ratio(added), 'floor'),
    target('extendVideo, added p50, × floor', atMost(1.5), ratio(added, 'floor')),
    target('the same on PostgreSQL, × floor-postgres', atMost(1.5), () =>
      ratio(added, 'floor-postgres')('postgres'),
    ),
    target('extendVideo by 50 connections, × floor', atLeast(0.7), ratio(submits, 'floor')),
    target('the same on PostgreSQL, × floor-postgres', atLeast(0.7), () =>
      ratio(submits, 'floor-postgres')('postgres'),
    ),
    target('callback → subscriber p50, × textbook', atMost(1), ratio(`${paced}: p50`), 'floor'),
    target('callback → subscriber p99, × textbook', atMost(1), ratio(`${paced}: p99`), 'floor'),
    target('crowd on one task, last delivery, × textbook', atMost(0.35), ratio(crowd), 'floor'),
    target('one callback among the crowd, ms', atMost(2), value('One callback among'), 'floor'),
    target(
      'heap per idle WebSocket subscriber, KiB',
      atMost(10),
      value('Heap per idle WebSocket'),
      'floor',
    ),
    target('start to first answer, ms', atMost(600), value('From the start'), 'constant'),
    target('RSS idle, MiB', atMost(120), value('RSS idle'), 'constant'),
    target('query among 100,000 tasks over 10 (time)', atMost(1.1), growth),
    target('taking a place among 100,000 over 20 (time), the worse', atMost(1.1), () =>
      Math.max(...both('Taking a place')),
    ),
    target("queue's use of the allowance, the worse", atLeast(0.95), () =>
      Math.min(...both("The queue's use")),
    ),
    target(
      'whatever is done in a long history, over a short one (time), the worst',
      atMost(1.2),
      history,
    ),
    target(
      'callback beside the dearest documents, p99, ms',
      atMost(1_000),
      value('A callback beside the dearest'),
    ),
    target('rows left by 2,000 refused submits', atMost(100), value('Rows left by')),
    target("shot's callback → next shot's POST, p50, ms", atMost(5), value(nextShot)),
    target("shot's callback → next shot's POST on PostgreSQL, p50, ms", atMost(15), () =>
      value(nextShot)('postgres'),
    ),
    target('queries while four films are copied, × without', atLeast(0.9), value('Queries while')),
    target(
      'callbacks while four films are copied, × without',
      atLeast(0.9),
      value('Callbacks while'),
    ),
    target('reads for 1,980 unknown ids', atMost(300), value('Reads at the upstream for')),
  ].filter(({ found }) => Number.isFinite(found));
}

export function toTargetTable(targets: readonly Target[]): string {
  return [
    '| | target | found | floor | |',
    '|---|---|---|---|---|',
    ...targets.map(({ what, limit, found, floor = Number.NaN }) => {
      const verdict = limit.isMetBy(found) ? 'met' : '**not met**';
      return `| ${what} | ${limit.text} | ${round(found)} | ${round(floor)} | ${verdict} |`;
    }),
    '',
  ].join('\n');
}

/** For a machine to read. */
export function toRecord({ what, limit, found, floor }: Target) {
  return { what, target: limit.text, found, floor, isMet: limit.isMetBy(found) };
}

/** The targets that the project has set for itself, compared with the results of a run. */

import type { Pace } from './pace.ts';
import { type Measure, median, round, toRatio, toRow } from './report.ts';
import type { SubjectName } from './subjects.ts';

/** How the titles of measures begin that compare many stored rows with few. */
export const HISTORY = 'Time among ';

interface Limit {
  readonly text: string;
  isMetBy(value: number): boolean;
}

function atLeast(limit: number): Limit {
  return { text: `≥ ${limit.toLocaleString('en')}`, isMetBy: (value) => value >= limit };
}

function atMost(limit: number): Limit {
  return { text: `≤ ${limit.toLocaleString('en')}`, isMetBy: (value) => value <= limit };
}

export interface Target {
  readonly what: string;
  readonly limit: Limit;
  /** NaN where it was not measured. */
  readonly found: number;
  /** The same of the peer that does least. */
  readonly floor: string;
}

const SQLITE = 'sqlite';
const POSTGRES = 'postgres';

export function toTargets(measures: readonly Measure[], pace: Pace): Target[] {
  const find = (title: string) => measures.find((measure) => measure.title.startsWith(title));
  const value = (title: string, subject: SubjectName) => median(find(title)?.values[subject]);
  const ratio = (title: string, subject: SubjectName, base: SubjectName = 'textbook') => {
    const measure = find(title);
    return measure ? toRatio(measure, subject, base) : Number.NaN;
  };
  const target = (what: string, limit: Limit, found: number, floor = '–'): Target => ({
    what,
    limit,
    found,
    floor,
  });
  /** On SQLite, in multiples of `textbook`. */
  const overTextbook = (what: string, limit: Limit, title: string, floor: SubjectName): Target =>
    target(`${what}, × textbook`, limit, ratio(title, SQLITE), round(ratio(title, floor)));
  /** On SQLite, in a unit. */
  const absolute = (what: string, limit: Limit, title: string, floor?: SubjectName): Target =>
    target(what, limit, value(title, SQLITE), floor && round(value(title, floor)));
  /** In multiples of the peer that commits as often to the same kind of store. */
  const overFloor = (what: string, limit: Limit, title: string, unit: string): Target[] => [
    target(
      `${what}, SQLite, × floor`,
      limit,
      ratio(title, SQLITE, 'floor'),
      `1 (${round(value(title, 'floor'))}${unit})`,
    ),
    target(
      `${what}, PostgreSQL, × floor-postgres`,
      limit,
      ratio(title, POSTGRES, 'floor-postgres'),
      `1 (${round(value(title, 'floor-postgres'))}${unit})`,
    ),
  ];
  /** Of the time among 100,000 to that among 10. */
  const growth = (subject: SubjectName) =>
    value('Query of an open video among 10 ', subject) /
    value('Query of an open video among 100,000', subject);
  const slowest = (subject: SubjectName) =>
    measures
      .filter(({ title, values }) => title.startsWith(HISTORY) && values[subject])
      .map(({ title, values }) => ({
        what: title.slice(title.indexOf(': ') + 2),
        found: median(values[subject]),
      }))
      .reduce((worst, one) => (one.found > worst.found ? one : worst), NOTHING);
  const [few, many] = pace.history.map((size) => size.toLocaleString('en'));
  const history = (engine: string, subject: SubjectName) => {
    const { what, found } = slowest(subject);
    const name = `time among ${many} videos, × among ${few}, ${engine}, the worst operation`;
    return target(what ? `${name} (${what})` : name, atMost(1.2), found);
  };

  const finished = 'Query of a finished video, 50';
  const added = 'extendVideo, 1 connection: added p50';
  const paced = 'Callback to subscriber, one task at a time';
  const shown = pace.crowd.toLocaleString('en');
  const nextShot = "From a shot's callback to the next shot's POST: p50";
  const place = 'Time to take one of 100,000';
  const use = 'Share of an allowance';
  return [
    overTextbook('query of a finished video', atLeast(6), finished, 'constant'),
    target(
      'query of a finished video, × constant',
      atLeast(0.3),
      ratio(finished, SQLITE, 'constant'),
    ),
    overTextbook(
      'query of a finished video, p99',
      atMost(0.3),
      'Query of a finished video, p99',
      'constant',
    ),
    target(
      'query of an open video, PostgreSQL, × textbook',
      atLeast(3),
      ratio('Query of an open video, 50', POSTGRES),
      round(ratio('Query of an open video, 50', 'constant')),
    ),
    overTextbook('extendVideo, added p50', atMost(1.2), added, 'floor'),
    ...overFloor('extendVideo, added p50', atMost(1.5), added, ' ms'),
    ...overFloor(
      'extendVideo by 50 connections, requests/s',
      atLeast(0.7),
      'extendVideo, 50 connections',
      '/s',
    ),
    overTextbook('callback to subscriber, p50', atMost(1), `${paced}: p50`, 'floor'),
    overTextbook('callback to subscriber, p99', atMost(1), `${paced}: p99`, 'floor'),
    overTextbook(
      `${shown} subscribers of one task, last delivery`,
      atMost(0.35),
      `${shown} subscribers of one task`,
      'floor',
    ),
    absolute(
      `callback to subscriber among ${shown} watched tasks, ms`,
      atMost(2),
      'Callback to subscriber among',
      'floor',
    ),
    absolute(
      'heap per idle WebSocket subscriber, KiB',
      atMost(10),
      'Heap per idle WebSocket',
      'floor',
    ),
    absolute('start to first answer, ms', atMost(600), 'Time from the start', 'constant'),
    absolute('RSS before the first request, MiB', atMost(120), 'RSS before', 'constant'),
    target('time of a query among 100,000 videos, × among 10, SQLite', atMost(1.1), growth(SQLITE)),
    target(
      'time of a query among 100,000 videos, × among 10, PostgreSQL',
      atMost(1.1),
      growth(POSTGRES),
    ),
    history('SQLite', SQLITE),
    history('PostgreSQL', POSTGRES),
    target('time to take one of 100,000 places, × 20, SQLite', atMost(1.1), value(place, SQLITE)),
    target(
      'time to take one of 100,000 places, × 20, PostgreSQL',
      atMost(1.1),
      value(place, POSTGRES),
    ),
    target('share of the allowance that the queue uses, SQLite', atLeast(0.95), value(use, SQLITE)),
    target(
      'share of the allowance that the queue uses, PostgreSQL',
      atLeast(0.95),
      value(use, POSTGRES),
    ),
    absolute(
      'callback during the most expensive queries, p99, ms',
      atMost(1_000),
      'Callback during',
    ),
    absolute('rows left by 2,000 refused submits', atMost(100), 'Rows left by'),
    absolute('upstream reads caused by 1,980 unknown ids', atMost(300), 'Upstream reads'),
    target("shot's callback to the next POST, p50, SQLite, ms", atMost(5), value(nextShot, SQLITE)),
    target(
      "shot's callback to the next POST, p50, PostgreSQL, ms",
      atMost(15),
      value(nextShot, POSTGRES),
    ),
    absolute(
      'queries/s while four films are copied, × without',
      atLeast(0.9),
      'Queries per second while',
    ),
    absolute(
      'callbacks/s while four films are copied, × without',
      atLeast(0.9),
      'Callbacks per second while',
    ),
  ];
}

const NOTHING = { what: '', found: Number.NEGATIVE_INFINITY };

export function toTargetTable(targets: readonly Target[]): string {
  const head = ['measure', 'target', 'result', 'floor', 'verdict'];
  return [
    toRow(head),
    toRow(head.map(() => '---')),
    ...targets.map((target) => {
      const { what, limit, found, floor } = target;
      return toRow([what, limit.text, round(found), floor, toVerdict(target)]);
    }),
    '',
  ].join('\n');
}

function toVerdict({ limit, found }: Target): string {
  if (!Number.isFinite(found)) return '**not measured**';
  return limit.isMetBy(found) ? 'met' : '**not met**';
}

/** For a program to read. */
export function toRecord(target: Target) {
  const { what, limit, found, floor } = target;
  return { what, target: limit.text, found, floor, isMet: limit.isMetBy(found) };
}

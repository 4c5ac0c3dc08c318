/** The text of a DateTime. */

import { DAY_MS } from '../durations.ts';

const MAX_DAYS = 1_000;

/** The beginnings of texts, `2026-01-31T`, by day: those of a few days are printed all the time. */
const days = new Map<number, string>();
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const THREE = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'));

/**
 * The same as `Date.prototype.toISOString` in a third of its time. That function takes a twentieth of the
 * time of a query for a video.
 *
 * @param time in epoch milliseconds, without a fraction.
 * @throws RangeError for a day that a Date cannot hold.
 */
export function toDateTime(time: number): string {
  const day = Math.floor(time / DAY_MS);
  const rest = time - day * DAY_MS;
  const hours = TWO[Math.floor(rest / 3_600_000)];
  const minutes = TWO[Math.floor(rest / 60_000) % 60];
  const seconds = TWO[Math.floor(rest / 1_000) % 60];
  return `${days.get(day) ?? toDay(day)}${hours}:${minutes}:${seconds}.${THREE[rest % 1_000]}Z`;
}

function toDay(day: number): string {
  const text = new Date(day * DAY_MS).toISOString().replace(/T.*/, 'T');
  if (days.size >= MAX_DAYS) days.clear();
  days.set(day, text);
  return text;
}

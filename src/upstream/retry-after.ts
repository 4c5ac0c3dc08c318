import { MAX_PAUSE_MS } from '../durations.ts';

const MAX_SECONDS = MAX_PAUSE_MS / 1_000;

/**
 * Whole seconds from a `Retry-After` header (seconds or an HTTP date), at most five minutes; 0 for
 * a date that has passed, null for anything else. `now` is in epoch milliseconds.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(header: string | null, now: number = Date.now()): number | null {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(Number(value), MAX_SECONDS);

  // Date.parse alone takes nearly everything for a date; both HTTP forms in use end in GMT.
  const time = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) return null;
  return Math.min(Math.max(Math.ceil((time - now) / 1000), 0), MAX_SECONDS);
}

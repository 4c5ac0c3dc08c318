/** Formats times and texts for people. */

const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** `28 Nov 2026, 15:04`. */
export const toDate = (moment: string) => DATE.format(Date.parse(moment));

/** `12 Dec`. */
export const toDay = (moment: string) => DAY.format(Date.parse(moment));

/** The time of day if it is today, otherwise the date. */
export function toBrief(moment: string): string {
  const at = new Date(moment);
  return (at.toDateString() === new Date().toDateString() ? TIME : DAY).format(at);
}

/** The time of a moment today, and the day and the time of any other. */
export function toMoment(moment: string): string {
  const at = new Date(moment);
  return (at.toDateString() === new Date().toDateString() ? TIME : DATE).format(at);
}

/** Shortens a text to at most this many characters, between words. */
export function toShort(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const cut = characters.slice(0, length).join('');
  return `${cut.replace(/\s+\S*$/, '')}…`;
}

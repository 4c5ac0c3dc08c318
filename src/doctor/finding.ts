/** One line of the doctor's report. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly subject: Subject;
  readonly message: string;
  /** What to do about it; null: nothing. */
  readonly fix: string | null;
}

/** In the order of the report. */
export const SUBJECTS = [
  'runtime',
  'environment',
  'auth',
  'database',
  'clock',
  'callbacks',
  'upstream',
  'queue',
  'copies',
] as const;
export type Subject = (typeof SUBJECTS)[number];

export function ok(subject: Subject, message: string): Finding {
  return toFinding('ok', subject, message, null);
}

export function warning(subject: Subject, message: string, fix: string | null = null): Finding {
  return toFinding('warning', subject, message, fix);
}

export function fault(subject: Subject, message: string, fix: string | null = null): Finding {
  return toFinding('fault', subject, message, fix);
}

const MAX_MESSAGE = 500;

/** Messages quote servers. A quote must neither fill the terminal nor contain control characters. */
function toFinding(
  level: Finding['level'],
  subject: Subject,
  message: string,
  fix: string | null,
): Finding {
  const line = message.replaceAll(/\p{Cc}+/gu, ' ');
  const short = line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
  return { level, subject, message: short, fix };
}

/** The message of an error; of its cause where `fetch` hides the message there. */
export function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error)
    return cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return error.message;
}

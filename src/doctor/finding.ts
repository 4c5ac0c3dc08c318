/** One line of what the doctor has to say. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly subject: Subject;
  readonly message: string;
  /** What to do about it; null where nothing has to be done. */
  readonly fix: string | null;
}

/** In the order in which they are told. */
export const SUBJECTS = [
  'runtime',
  'environment',
  'auth',
  'database',
  'clock',
  'callbacks',
  'upstream',
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

/** Messages quote what servers say. It must neither fill the terminal nor control it. */
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

/** The sentence of an error, and where fetch hides it, of its cause. */
export function toReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error)
    return cause.message || ('code' in cause ? String(cause.code) : cause.name);
  return error.message;
}

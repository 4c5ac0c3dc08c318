import type { Redact } from './redact.ts';
import { capped } from './wire.ts';

/** The part of pino's logger that is used here. */
export interface UpstreamLogger {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** Further words are not logged: the upstream may send any number of them. */
const MAX_WORDS = 100;
const MAX_LENGTH = 40;

/** Logs each state word that is not known here, once. An empty one stands for a missing state. */
export function createUnknownWords(
  logger: UpstreamLogger | undefined,
  redact: Redact,
): (word: string) => void {
  const logged = new Set<string>();
  return (word) => {
    const state = capped(redact(word), MAX_LENGTH);
    if (logged.has(state) || logged.size >= MAX_WORDS) return;
    logged.add(state);
    logger?.warn({ state }, 'unknown state of a task: its file and its failure text decide');
  };
}

/** The log: a line of JSON per event, on standard output. */

import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { createLogOutput, type LogOutput } from './log-output.ts';

/** @param toTraceId of the request or task that a line belongs to; null without tracing. */
export function createLog(
  { LOG_LEVEL }: Pick<Config, 'LOG_LEVEL'>,
  toTraceId: (() => string | undefined) | null,
): { readonly log: Logger; readonly output: LogOutput } {
  const output = createLogOutput(1, (lines) => log.warn({ lines }, 'log lines were dropped'));
  const log = pino(
    {
      level: LOG_LEVEL,
      base: null,
      ...(toTraceId && { mixin: () => ({ trace: toTraceId() }) }),
    },
    output,
  );
  return { log, output };
}

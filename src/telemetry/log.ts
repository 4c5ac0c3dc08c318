/** The log: a line of JSON per event, on standard output. */

import { type LogFn, type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { createLogOutput, type LogOutput } from './log-output.ts';

/** Pino's number for the level `error`. */
const ERROR = 50;

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
      hooks: { logMethod },
      serializers: { err: toFacts },
      ...(toTraceId && { mixin: () => ({ trace: toTraceId() }) }),
    },
    output,
  );
  return { log, output };
}

/** Logs stacks only at level `error`, because warnings are about expected failures. */
function logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn, level: number): void {
  const [facts, ...rest] = args as unknown[];
  const isBrief = level < ERROR && isObject(facts) && facts.err instanceof Error;
  const logged = isBrief ? { ...facts, err: toBrief(facts.err as Error) } : facts;
  method.apply(this, [logged, ...rest] as Parameters<LogFn>);
}

/** Leaves errors that `logMethod` has shortened as they are. */
function toFacts(error: unknown): unknown {
  return error instanceof Error ? serialize(error) : error;
}

function toBrief(error: Error): { type: string; message: string } {
  const { type, message } = serialize(error);
  return { type, message };
}

/** Pino joins the messages of the causes by a colon, also where a sentence ends before it. */
function serialize(error: Error) {
  const facts = pino.stdSerializers.err(error);
  return { ...facts, message: facts.message.replaceAll('.: ', ': ') };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

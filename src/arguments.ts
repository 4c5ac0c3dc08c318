/** The arguments of a command of `longtake`. */

import { type ParseArgsConfig, type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;

export interface Command<Options extends ParseArgsOptionsConfig> {
  /** Printed for `--help`, and after the error for a wrong argument. */
  readonly usage: string;
  readonly options: Options;
  /** Whether it takes arguments that are not options. Not by default. */
  readonly allowPositionals?: boolean;
}

const HELP = { help: { type: 'boolean', short: 'h' } } as const;

type Parsed<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: Options; allowPositionals: true } & ParseArgsConfig>
>;

/** Ends the process after `--help`, and with 64 for an argument that the command does not know. */
export function readArguments<Options extends ParseArgsOptionsConfig>({
  usage,
  options,
  allowPositionals = false,
}: Command<Options>): Parsed<Options> {
  try {
    const parsed = parseArgs({ options: { ...options, ...HELP }, allowPositionals });
    if ('help' in parsed.values) {
      process.stdout.write(usage);
      process.exit(0);
    }
    return parsed as Parsed<Options>;
  } catch (error) {
    return refuseArguments(usage, error instanceof Error ? error.message : String(error));
  }
}

/** Ends the process with 64. */
export function refuseArguments(usage: string, reason: string): never {
  process.stderr.write(`${reason}\n\n${usage}`);
  process.exit(WRONG_USAGE);
}

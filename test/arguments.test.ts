import { describe, expect, it } from 'vitest';
import { runProgram } from './support/program.ts';

const WRONG_USAGE = 64;

const longtake = (...args: string[]) => runProgram('cli.ts', {}, { args });

const COMMANDS = ['start', 'demo', 'sandbox', 'doctor', 'token', 'forget-owner'];

describe.each(COMMANDS)('longtake %s', (command) => {
  it.each(['--help', '-h'])('prints its usage for %s', async (option) => {
    const { code, stdout, stderr } = await longtake(command, option);

    expect(stdout).toMatch(new RegExp(`^Usage: longtake ${command}\\b`));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it.each([
    ['an option', '--jsn', "Unknown option '--jsn'"],
    ['a value for an option without one', '--help=yes', "Option '-h, --help' does not take"],
  ])('refuses %s that it does not know', async (_name, option, reason) => {
    const { code, stdout, stderr } = await longtake(command, option);

    expect(stderr).toContain(reason);
    expect(stderr).toContain(`\n\nUsage: longtake ${command}`);
    expect(stdout).toBe('');
    expect(code).toBe(WRONG_USAGE);
  });

  it('refuses arguments that it does not take', async () => {
    const { code, stderr } = await longtake(command, 'alice', 'bob');

    expect(stderr).toContain(`Usage: longtake ${command}`);
    expect(code).toBe(WRONG_USAGE);
  });
});

describe('longtake', () => {
  it.each(['--help', '-h', 'help'])('prints the list of commands for %s', async (word) => {
    const { code, stdout, stderr } = await longtake(word);

    expect(stdout).toMatch(/^Usage: longtake COMMAND/);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('refuses a command that it does not know', async () => {
    const { code, stderr } = await longtake('strat');

    expect(stderr).toMatch(/^There is no command strat\.\n\nUsage: longtake COMMAND/);
    expect(code).toBe(WRONG_USAGE);
  });
});

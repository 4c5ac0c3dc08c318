import { describe, expect, it } from 'vitest';
import { readConfig, VARIABLE_NAMES } from '../src/config.ts';
import { runProgram } from './support/program.ts';

function messageOf(env: Record<string, string>): string {
  try {
    readConfig({ APIKLEY_API_KEY: 'key', ...env });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('every variable', () => {
  const SPACE = 'must not begin or end with a space or a line break';
  const QUOTES = 'must not be quoted';

  it.each<[string, (value: string) => string, string]>([
    ['a line break after its value', (value) => `${value}\n`, SPACE],
    ['a carriage return after its value', (value) => `${value}\r`, SPACE],
    ['a Windows line break after its value', (value) => `${value}\r\n`, SPACE],
    ['a space before its value', (value) => ` ${value}`, SPACE],
    ['a tab after its value', (value) => `${value}\t`, SPACE],
    ['a byte-order mark before its value', (value) => `\ufeff${value}`, SPACE],
    ['a space for its value', () => ' ', SPACE],
    ['double quotes around its value', (value) => `"${value}"`, QUOTES],
    ['single quotes around its value', (value) => `'${value}'`, QUOTES],
  ])('is refused in one sentence with %s', (_name, wrap, sentence) => {
    for (const name of VARIABLE_NAMES) {
      expect(messageOf({ [name]: wrap('4000') })).toBe(
        `The environment is not usable:\n  ${name}: ${sentence}`,
      );
    }
  });

  it('is reported when several are wrong at once', () => {
    const message = messageOf({ AUTH_ISSUER: 'a\n', PORT: 'http', HOST: '0.0.0.0 ' });

    expect(message.split('\n').sort()).toEqual([
      '  AUTH_ISSUER: must not begin or end with a space or a line break',
      '  HOST: must not begin or end with a space or a line break',
      '  PORT: must be a whole number from 0 to 65535',
      'The environment is not usable:',
    ]);
  });

  it('of the sandbox is validated in the same way', async () => {
    const { stderr, code } = await runProgram('sandbox/main.ts', {
      PORT: '0',
      SANDBOX_API_KEY: 'k\n',
    });

    expect(stderr).toContain('SANDBOX_API_KEY: must not begin or end with a space or a line break');
    expect(code).toBe(1);
  });
});

it.each([
  'postgres://user:password@127.0.0.1/d@b',
  'postgres://user:password@127.0.0.1:5432/d@b?application_name=a@b',
  'postgres://user:password@/d@b?host=/run/postgresql',
])('DATABASE_URL may name a database that contains @ (%s)', (DATABASE_URL) => {
  expect(messageOf({ DATABASE_URL })).toBe('');
});

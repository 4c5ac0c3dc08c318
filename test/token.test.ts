import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { startGateway } from './support/gateway.ts';
import { JWT_ENV, JWT_SECRET } from './support/tokens.ts';

const run = promisify(execFile);

function mint(env: Record<string, string>, ...args: string[]) {
  return run(process.execPath, ['src/token.ts', ...args], { env });
}

describe('longtake token', () => {
  it('prints a token that the gateway with the same environment accepts', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    for (const env of [
      JWT_ENV,
      { AUTH_JWT_SECRET: `${JWT_SECRET},${'an-older-one-'.repeat(3)}`, AUTH_OWNER_CLAIM: 'team' },
    ]) {
      await using gateway = await startGateway(sandbox, env);
      const { stdout } = await mint(env, 'alice');

      const answer = await gateway
        .as(`Bearer ${stdout.trim()}`)
        .send('{ videos { edges { node { id } } } }');

      expect(answer).toEqual({ data: { videos: { edges: [] } } });
    }
  });

  it.each([
    ['no owner', { AUTH_JWT_SECRET: JWT_SECRET }, [], 64, 'Usage: longtake token OWNER'],
    ['no secret', {}, ['alice'], 1, 'AUTH_JWT_SECRET: set it as the gateway has it'],
    ['a short secret', { AUTH_JWT_SECRET: 'short' }, ['alice'], 1, 'at least 32 characters'],
    [
      'hours that are none',
      { AUTH_JWT_SECRET: JWT_SECRET },
      ['alice', '--hours', 'x'],
      64,
      '--hours',
    ],
  ])('names what is missing: %s', async (_name, env, args, code, message) => {
    await expect(mint(env, ...args)).rejects.toMatchObject({
      code,
      stderr: expect.stringContaining(message),
    });
  });
});

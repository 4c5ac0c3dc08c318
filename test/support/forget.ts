import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs `longtake forget-owner` with these settings, and resolves with its exit code and output. */
export function forget(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const NODE_COMPILE_CACHE = process.env.TEST_COMPILE_CACHE ?? '';
  const settings = { APIKLEY_API_KEY: 'key', NODE_COMPILE_CACHE, ...env };
  return run(process.execPath, ['src/forget-owner.ts', ...args], { env: settings }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    ({ code, stdout, stderr }) => ({ code, text: `${stdout}${stderr}` }),
  );
}

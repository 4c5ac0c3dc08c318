/** The gateway as an operator runs it: a process of its own, which a test may kill or starve. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TypedDocumentString } from '../generated/graphql.ts';
import { makeDatabaseFile } from './database-file.ts';
import type { GraphQLAnswer } from './gateway.ts';
import { MAIN } from './main.ts';

export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  /** The folder that holds the database file; kept until the test's scope ends. */
  readonly folder: string;
  graphql<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<GraphQLAnswer<Data>>;
  /** From now on every write beyond this size of a file fails. Linux only. */
  limitFileSize(bytes: number | 'unlimited'): void;
  /** Resolves when the log holds a line with this text; never when the process ends without. */
  logged(text: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once, without a word to it, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to drain, and resolves with all that it has logged when it is gone. */
  stop(): Promise<string>;
}

/** Resolves when it listens; throws with what it said where it does not. */
export async function startGatewayProcess(
  upstream: { url: string },
  env: Record<string, string> = {},
): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-'));
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PORT: '0',
      UPSTREAM_URL: upstream.url,
      APIKLEY_API_KEY: 'sandbox-key',
      DATABASE_URL: env.DATABASE_URL ?? (await makeDatabaseFile(folder)),
      RECONCILE_AFTER_MS: '3600000',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lines = new EventEmitter();
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += String(chunk);
  });
  const url = await readUrl(child, (line) => {
    output += `${line}\n`;
    lines.emit('line');
  });
  if (url === null) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`The gateway did not start: ${output}`);
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    child.kill(signal);
    await exited;
  }

  return {
    url,
    folder,
    async graphql(document, variables) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: document.toString(), variables }),
      });
      return (await response.json()) as never;
    },
    limitFileSize(bytes) {
      execFileSync('prlimit', [`--pid=${child.pid}`, `--fsize=${bytes}:`]);
    },
    async logged(text) {
      while (!output.includes(text)) await once(lines, 'line');
    },
    signal: (signal) => void child.kill(signal),
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      return output;
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The address in the log's "listening" line; null when the process ends without one. */
async function readUrl(
  child: ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> },
  note: (line: string) => void,
): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    note(line);
    const url = /"url":"(http[^"]+)".*"msg":"listening"/.exec(line)?.[1];
    if (url) resolve(url);
  });
  lines.on('close', () => resolve(null));
  return promise;
}

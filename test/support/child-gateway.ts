/** A gateway as a process of its own, on a database file that outlives it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TypedDocumentString } from '../generated/graphql.ts';
import { makeDatabaseFile } from './database-file.ts';
import type { GraphQLAnswer } from './gateway.ts';
import { MAIN } from './main.ts';

const INSIDE = new URL('../crash/inside.ts', import.meta.url).href;
/** Only to end what hangs: many may start at once on a busy machine. */
const START_WITHIN_MS = 100_000;
const STOP_WITHIN_MS = 40_000;

export interface ChildGatewayOptions {
  readonly folder: string;
  readonly upstreamUrl: string;
  readonly env?: Record<string, string>;
}

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  /** Of buffers, which lie outside the heap. */
  readonly arrayBuffers: number;
}

export interface ChildGateway extends AsyncDisposable {
  readonly url: string;
  /** Resolves with the signal that ended it, null where none did. */
  readonly exited: Promise<NodeJS.Signals | null>;
  /** Throws where the process dies before it has answered. */
  graphql<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): Promise<GraphQLAnswer<Data>>;
  /** Has it kill itself when it reaches the point for the n-th time from now on; see crash/inside.ts. */
  arm(point: string, nth: number): Promise<void>;
  /** In bytes, after a garbage collection. */
  memory(): Promise<Memory>;
  /**
   * When it wrote each POST to the upstream to its socket, in milliseconds. All processes of a machine
   * share the clock.
   */
  postTimes(): Promise<number[]>;
  /** The bodies of those POSTs, in the same order. */
  postBodies(): Promise<string[]>;
  /** The texts of SQLite's statements since the last call, at most 1,000. */
  statements(): Promise<string[]>;
  /** Ends it without a word to it. */
  kill(): Promise<void>;
  /** Asks it to drain; throws where it does not end well. */
  stop(): Promise<void>;
}

/** Resolves when it listens; throws with what it said where it does not. */
export async function startChildGateway(options: ChildGatewayOptions): Promise<ChildGateway> {
  const { folder, upstreamUrl, env = {} } = options;
  const child = spawn(process.execPath, ['--expose-gc', '--import', INSIDE, MAIN], {
    env: {
      NODE_COMPILE_CACHE: process.env.TEST_COMPILE_CACHE ?? '',
      PORT: '0',
      UPSTREAM_URL: upstreamUrl,
      APIKLEY_API_KEY: 'sandbox-key',
      DATABASE_URL: env.DATABASE_URL ?? (await makeDatabaseFile(folder)),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = once(child, 'exit').then(([, signal]) => signal as NodeJS.Signals | null);
  const url = await readUrl(child);

  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    await exited;
  }

  /** One question at a time: the answers carry no number. */
  async function ask(question: object): Promise<unknown> {
    const answered = once(child, 'message');
    child.send(question);
    const gone = exited.then(() => {
      throw new Error('The gateway ended before it answered.');
    });
    const [answer] = await Promise.race([answered, gone]);
    return answer;
  }

  return {
    url,
    exited,
    async graphql(document, variables) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: document.toString(), variables }),
      });
      return (await response.json()) as never;
    },
    async arm(point, nth) {
      await ask({ arm: point, nth });
    },
    memory: async () => (await ask({ memory: true })) as Memory,
    postTimes: async () => (await ask({ postTimes: true })) as number[],
    statements: async () => (await ask({ statements: true })) as string[],
    postBodies: async () => (await ask({ postBodies: true })) as string[],
    kill,
    async stop() {
      // It says that it listens a moment before it heeds signals.
      await fetch(`${url}/health`);
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      const signal = await exited;
      clearTimeout(timer);
      if (signal !== null || child.exitCode !== 0) throw new Error('The gateway did not end well.');
    },
    [Symbol.asyncDispose]: kill,
  };
}

/** The address in the log's "listening" line. The log is read to its end: a full pipe would block. */
async function readUrl(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const said: string[] = [];
  const timer = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (said.push(line) > 50) said.shift();
      const url = /"url":"(http[^"]+)".*"msg":"listening"/.exec(line)?.[1];
      if (url) resolve(url);
    });
  }
  child.once('close', () => reject(new Error(`The gateway did not start:\n${said.join('\n')}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

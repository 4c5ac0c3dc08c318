import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { createLogOutput } from '../src/telemetry/log-output.ts';
import { ExtendDocument } from './generated/graphql.ts';
import { makeFolder } from './support/folder.ts';
import { MAIN } from './support/main.ts';
import { INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { scrape } from './support/scrape.ts';

const DROPPED = 'longtake_log_lines_dropped_total';
/** Log lines of some 120 bytes for each: more than a pipe holds (64 KiB). */
const MANY_REQUESTS = 800;

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A gateway whose log cannot be read: it is known to serve when it answers. */
async function startOn(folder: string, start: (env: Record<string, string>) => ChildProcess) {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child = start({
    PATH: process.env.PATH ?? '',
    PORT: String(port),
    UPSTREAM_URL: 'http://127.0.0.1:9',
    APIKLEY_API_KEY: 'sandbox-key',
    DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
    LOG_LEVEL: 'debug',
  });
  const ended = once(child, 'exit');
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!(await fetch(`${url}/health`).catch(() => null))) {
    if (isOver) throw new Error('The gateway did not start.');
  }
  return {
    url,
    child,
    async request(times: number) {
      for (let n = 0; n < times; n += 1) await (await fetch(`${url}/health`)).text();
    },
    async ended() {
      const [code, signal] = await ended;
      return { code, signal };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const spawnOn = (stdout: number) => (env: Record<string, string>) =>
  spawn(process.execPath, [MAIN], { env, stdio: ['ignore', stdout, 'inherit'] });

/** Both ends of a pipe, which blocks as one between two programs of a shell does. */
function makePipe(folder: string): { reader: number; writer: number } {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // Opened for both, because opening one end waits for the other.
  const both = openSync(path, constants.O_RDWR);
  const writer = openSync(path, constants.O_WRONLY);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  closeSync(both);
  return { reader, writer };
}

function readAvailable(fd: number): string {
  const buffer = Buffer.alloc(1 << 20);
  let text = '';
  try {
    for (;;) {
      const length = readSync(fd, buffer);
      if (length === 0) return text;
      text += buffer.toString('utf8', 0, length);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text;
    throw error;
  }
}

/** A line is counted when its write has failed, which is after the answer. */
async function untilDropped(gateway: { url: string }, lines: number): Promise<void> {
  while (((await scrape(gateway)).get(DROPPED) ?? 0) < lines);
}

describe('a log that cannot be written', () => {
  it('because its disk is full does not stop the gateway from serving or from shutting down', async () => {
    await using folder = await makeFolder();
    const full = openSync('/dev/full', 'w');
    await using gateway = await startOn(folder.path, spawnOn(full));
    closeSync(full);

    await gateway.request(5);
    await untilDropped(gateway, 5);
    gateway.child.kill('SIGTERM');

    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
  });

  it('because its reader has exited does not either', async () => {
    await using folder = await makeFolder();
    const { reader, writer } = makePipe(folder.path);
    await using gateway = await startOn(folder.path, spawnOn(writer));
    closeSync(writer);
    closeSync(reader);

    await gateway.request(5);
    await untilDropped(gateway, 5);
    gateway.child.kill('SIGTERM');

    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
  });

  it('because its pipe is not read does not either, and is complete once it is read again', async () => {
    await using folder = await makeFolder();
    const { reader, writer } = makePipe(folder.path);
    await using gateway = await startOn(folder.path, spawnOn(writer));
    closeSync(writer);

    await gateway.request(MANY_REQUESTS);
    let text = readAvailable(reader);
    const isRequest = (line: string) => line.includes('"path":"/health"');
    while (text.split('\n').filter(isRequest).length < MANY_REQUESTS) text += readAvailable(reader);
    await gateway.request(MANY_REQUESTS);
    gateway.child.kill('SIGTERM');

    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
    for (const line of text.split('\n').slice(0, -1)) JSON.parse(line);
    closeSync(reader);
  });

  it('because its terminal is gone does not either', async () => {
    await using folder = await makeFolder();
    const pidFile = join(folder.path, 'pid');
    // In a session of its own, the terminal's end sends no SIGHUP.
    const command = `setsid sh -c 'echo $$ > ${pidFile}; exec ${process.execPath} ${MAIN}'`;
    await using terminal = await startOn(folder.path, (env) =>
      spawn('script', ['-qfc', command, '/dev/null'], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    const pid = Number(await readFile(pidFile, 'utf8'));
    terminal.child.kill('SIGKILL');
    await terminal.ended();

    await terminal.request(5);
    await untilDropped(terminal, 5);
    process.kill(pid, 'SIGTERM');

    while (await fetch(terminal.url).catch(() => null));
    await expectGone(pid);
  });
});

/** The test's own time limit ends it where the process stays. */
async function expectGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('the output of the log', () => {
  it('is bounded in memory, counts dropped lines, and reports them once it is read again', async () => {
    await using folder = await makeFolder();
    const { reader, writer } = makePipe(folder.path);
    const recovered = Promise.withResolvers<number>();
    const output = createLogOutput(writer, recovered.resolve);
    const line = `${'x'.repeat(1023)}\n`;
    const count = 20 * 1024;

    for (let n = 0; n < count; n += 1) output.write(line);
    const { dropped } = output;
    const reading = setInterval(() => readAvailable(reader), 1);
    const told = await recovered.promise;
    clearInterval(reading);

    expect(dropped).toBe(4 * 1024);
    expect(told).toBe(dropped);
    expect(await output.close(60_000)).toBe(true);
    closeSync(writer);
    closeSync(reader);
  });
});

describe('a line of the log', () => {
  it('about an expected error names its cause and has no stack', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox);

    await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#answer-lost' } });
    const lines = (await gateway.stop()).split('\n').filter((line) => line !== '');

    const fault = lines
      .map((line) => JSON.parse(line))
      .find(({ msg }) => msg === 'submit unconfirmed');
    expect(fault.err).toEqual({
      type: 'AnswerLostError',
      message: 'The request was sent, and no readable answer came back: other side closed',
    });
  });
});

/**
 * `longtake demo`: the sandbox and a gateway in front of it. Makes a long film with one request, shows
 * each step, and leaves the example app and GraphiQL open. `--once` ends when the film is COMPLETED.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClient, type Sequence } from '../../client/index.ts';
import type { Web } from '../../examples/web/serve.ts';
import { readArguments } from '../arguments.ts';
import { readConfig } from '../config.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { isEnded, type VideoState } from '../video.ts';

/** The duration of each state of a sandbox task: slow enough to be seen. */
const STEP_MS = 1_000;
const ORIGINAL = 'A cat dances in a room';
const SHOTS = ['The cat jumps onto the table', 'The lights go out', 'The cat falls asleep'];
const BAR: Record<VideoState, number> = {
  SCHEDULED: 0,
  UNCONFIRMED: 0,
  WAITING: 1,
  QUEUED: 2,
  GENERATING: 3,
  SUCCEEDED: 4,
  FAILED: 4,
  WITHDRAWN: 4,
};

const { values: asked } = readArguments({
  usage: `Usage: longtake demo [--once]

Makes and extends a video with a stand-in for the API, and keeps an example app open.

  --once   without the app, to the end
`,
  options: { once: { type: 'boolean' } },
});
const isOnce = asked.once === true;
const folder = await mkdtemp(join(tmpdir(), 'longtake-demo-'));
let sandbox: Sandbox | undefined;
let gateway: Gateway | undefined;
let web: Web | undefined;

// npm repeats the signal that the terminal has sent. The second one must not interrupt the shutdown.
let stopping: Promise<void> | undefined;
// A closed terminal must not stop it before SIGHUP does.
process.stdout.on('error', () => {});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => void stop().then(() => process.exit(0)));
}

try {
  sandbox = await startSandbox({ stepMs: STEP_MS });
  // Variables meant for production must not reach the demo.
  const { PORT, HOST, LOG_LEVEL } = process.env;
  if (!isOnce) web = await startWeb(HOST ?? '127.0.0.1', PORT ?? '4000');
  gateway = await startGateway(
    readConfig({
      PORT: PORT ?? (isOnce ? '0' : undefined),
      HOST,
      LOG_LEVEL: LOG_LEVEL ?? 'warn',
      UPSTREAM_URL: sandbox.url,
      APIKLEY_API_KEY: 'sandbox-key',
      DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      CORS_ORIGINS: web?.url,
      KEEP_URL: 'file:data/kept',
      GRAPHIQL: 'on',
      INTROSPECTION: 'on',
    }),
  );
  say(`Sandbox upstream  ${sandbox.url} (a stand-in: no key, no credits)`);
  say(`Gateway           ${gateway.url}/graphql`);
  say(`Copies of films   ${resolve('data/kept')}\n`);
  web?.connect({
    gateway: `${gateway.url}/graphql`,
    files: `${sandbox.url} ${gateway.url}`,
    sandboxOriginal: ORIGINAL_TASK_ID,
  });
  const { state } = await makeFilm(gateway.url);

  if (isOnce) {
    await stop();
    process.exitCode = state === 'COMPLETED' ? 0 : 1;
  } else {
    say('\nGoing on.');
    if (web) say(`Open the example app:             ${web.url}`);
    say(`Open GraphiQL and run its tabs:   ${gateway.url}/graphql`);
    say('Words in the prompt choose what the sandbox does: try #nsfw, #429 or #callback-lost.');
    say('Ctrl+C ends it.');
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await stop();
  process.exitCode = 1;
}

function stop(): Promise<void> {
  stopping ??= closeAll();
  return stopping;
}

async function closeAll(): Promise<void> {
  await web?.close();
  await gateway?.close();
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
}

/** The example app, built if necessary. The demo also works without it. */
async function startWeb(host: string, port: string): Promise<Web | undefined> {
  try {
    const { buildWeb, isWebBuilt, serveWeb } = await import('../../examples/web/serve.ts');
    if (!isWebBuilt()) {
      say('Building the example app, this once: some 20 seconds …');
      await buildWeb();
    }
    return await serveWeb(host, port === '0' ? 0 : Number(port) + 1);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : error;
    say(`The example app could not be built, so the demo goes on without it (${reason}).\n`);
    return undefined;
  }
}

/** What a frontend does: one call, which pays for each video once and reports every change. */
async function makeFilm(gatewayUrl: string): Promise<Sequence> {
  say(`createSequence: a video, and ${SHOTS.length} shots that continue it one after another\n`);
  const report = createReport();
  const film = await createClient({ url: `${gatewayUrl}/graphql` }).createSequence(
    {
      start: { original: { prompt: ORIGINAL, aspectRatio: 'LANDSCAPE_16_9' } },
      shots: SHOTS.map((prompt) => ({ prompt })),
      quality: 'P720',
    },
    { onUpdate: report.show },
  );
  report.stop();
  say(`\nThe film is ${film.state}: ${film.shots.at(-1)?.video?.videoUrl}`);
  return film;
}

/** A line for each video when it ends. On a terminal it shows the progress before that. */
function createReport() {
  const begun = performance.now();
  let ended = 0;
  let current: { name: string; state: VideoState } | undefined;

  function toLine(name: string, state: VideoState): string {
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1).padStart(5);
    const bar = '█'.repeat(BAR[state] * 2).padEnd(8, '░');
    return `   ${name.padEnd(38)} ${bar} ${state.padEnd(11)} ${seconds} s`;
  }

  function draw(): void {
    if (current) process.stdout.write(`\r${toLine(current.name, current.state)}`);
  }

  const timer = process.stdout.isTTY ? setInterval(draw, 100) : undefined;
  return {
    show({ start, shots }: Sequence): void {
      const videos = [start, ...shots.map(({ video }) => video)];
      for (const [number, video] of videos.entries()) {
        if (!video || number < ended) continue;
        const name = `${number === 0 ? 'start ' : `shot ${number}`}  ${video.prompt}`;
        current = { name, state: video.state };
        if (!isEnded(video.state)) break;
        if (timer) process.stdout.write('\r');
        say(toLine(name, video.state));
        current = undefined;
        ended = number + 1;
      }
    },
    stop: () => clearInterval(timer),
  };
}

function say(line: string): void {
  console.log(line);
}

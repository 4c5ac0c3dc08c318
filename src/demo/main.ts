/**
 * `longtake demo`: the sandbox and a gateway in front of it. Makes a video, extends it, shows each step,
 * and leaves the example app and GraphiQL open. `--once` ends when both videos have SUCCEEDED.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Web } from '../../examples/web/serve.ts';
import { readConfig } from '../config.ts';
import { type Gateway, startGateway } from '../gateway.ts';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { isEnded, type VideoState } from '../video.ts';

/** The duration of each state of a sandbox task: slow enough to be seen. */
const STEP_MS = 2_000;
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

const isOnce = process.argv.includes('--once');
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
  const state = await makeAndExtend(gateway.url);

  if (isOnce) {
    await stop();
    process.exitCode = state === 'SUCCEEDED' ? 0 : 1;
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

/** What a frontend does: a mutation, then the changes of its task as server-sent events; twice. */
async function makeAndExtend(url: string): Promise<VideoState> {
  const prompt = 'A cat dances in a room full of colorful lights';
  say(`1  generateVideo(prompt: "${prompt}")`);
  const original = await submit(url, 'generateVideo', 'GenerateVideo', {
    prompt,
    aspectRatio: 'LANDSCAPE_16_9',
    quality: 'P720',
  });
  const state = await follow(url, original);
  if (state !== 'SUCCEEDED') return state;

  say(`\n2  extendVideo(taskId: "${original}", prompt: "The cat goes on dancing")`);
  const extension = await submit(url, 'extendVideo', 'ExtendVideo', {
    taskId: original,
    prompt: 'The cat goes on dancing',
    quality: 'P720',
  });
  return follow(url, extension);
}

/** Resolves with the id of the new task. */
async function submit(
  url: string,
  field: string,
  type: string,
  input: Readonly<Record<string, string>>,
): Promise<string> {
  const response = await post(url, 'application/json', {
    query: `mutation ($input: ${type}Input!) {
      ${field}(input: $input) {
        ... on ${type}Success { video { taskId } }
        ... on GatewayError { code message }
      }
    }`,
    variables: { input },
  });
  const result = (await response.json()).data[field];
  const taskId: string | undefined = result.video?.taskId;
  if (!taskId) throw new Error(`${field}: ${result.code} ${result.message}`);
  say(`   accepted by the upstream as task ${taskId}`);
  return taskId;
}

/** Shows every change of the task's state, and resolves with the last one. */
async function follow(url: string, taskId: string): Promise<VideoState> {
  say('   videoUpdated: every change of its state');
  const progress = startProgressLine(performance.now());
  let video = { state: 'UNCONFIRMED' as VideoState, videoUrl: '' };
  const stream = await post(url, 'text/event-stream', {
    query: `subscription ($taskId: ID!) { videoUpdated(taskId: $taskId) { state videoUrl } }`,
    variables: { taskId },
  });
  for await (const event of readEvents(stream)) {
    video = event.videoUpdated;
    progress.show(video.state);
    if (isEnded(video.state)) break;
  }
  progress.stop();
  say(`   ${video.state === 'SUCCEEDED' ? `the callback came: ${video.videoUrl}` : 'no video'}`);
  return video.state;
}

function post(url: string, accept: string, body: unknown): Promise<Response> {
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
  });
}

/** The `data` of each result in a stream of server-sent events. */
async function* readEvents(response: Response) {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of response.body ?? []) {
    buffer += decoder.decode(chunk, { stream: true });
    const lines = buffer.split('\n');
    buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice('data: '.length)).data;
    }
  }
}

/** One line that changes on a terminal; elsewhere a line per state. */
function startProgressLine(begun: number) {
  let state: VideoState = 'UNCONFIRMED';
  const seconds = () => ((performance.now() - begun) / 1_000).toFixed(1).padStart(5);
  const draw = () => {
    const bar = '█'.repeat(BAR[state] * 5).padEnd(20, '░');
    process.stdout.write(`\r   ${bar} ${state.padEnd(11)} ${seconds()} s`);
  };
  const timer = process.stdout.isTTY ? setInterval(draw, 100) : undefined;
  return {
    show(next: VideoState) {
      state = next;
      if (timer) draw();
      else say(`   ${state.padEnd(11)} ${seconds()} s`);
    },
    stop() {
      clearInterval(timer);
      if (timer) process.stdout.write('\n');
    },
  };
}

function say(line: string): void {
  console.log(line);
}

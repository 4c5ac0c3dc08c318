/** The programs around the `ts` blocks of the pages when they are executed. */

export interface Setting {
  readonly before: string;
  /** Ends the program with 0 where the block has done what its page says. */
  readonly after: string;
  /** What the page leaves to its reader. */
  readonly replace?: readonly (readonly [string, string])[];
}

const SERVERS = `
import assert from 'node:assert/strict';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startGateway } from '../../test/support/gateway.ts';
import { extend } from '../../test/support/operations.ts';
`;

const CLIENT_SERVERS = SERVERS.split('\n')
  .filter((line) => !line.includes('{ extend }'))
  .join('\n');

/** By the page and the place of the block among those of the page. */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  // The connection is lost between two completions, and the second comes meanwhile.
  'docs/delivery.md 1': {
    before: `${SERVERS}
import { createClient } from 'graphql-ws';
await using sandbox = await startSandbox({ autoplay: false });
await using gateway = await startGateway(sandbox);
const client = createClient({
  url: gateway.url.replace('http', 'ws') + '/graphql',
  shouldRetry: () => true,
  retryWait: async () => {},
  retryAttempts: 1_000_000,
});
const first = await extend(gateway);
const second = await extend(gateway);
const { cursor } = first;
const seen: string[] = [];
let heard = Promise.withResolvers<void>();
const handle = ({ video }: { video: { taskId: string } }) => {
  seen.push(video.taskId);
  heard.resolve();
};
`,
    after: `
await sandbox.complete(first.taskId);
await heard.promise;
heard = Promise.withResolvers();
await gateway.stop();
// No server accepts this callback; the upstream retries it.
await sandbox.complete(second.taskId);
await gateway.restart();
await heard.promise;
assert.deepEqual(seen, [first.taskId, second.taskId]);
await client.dispose();
`,
  },
  'README.md 1': {
    before: `${CLIENT_SERVERS}
await using sandbox = await startSandbox({ stepMs: 1 });
await using gateway = await startGateway(sandbox);
`,
    replace: [
      ["'longtake/client'", "'../../client/index.ts'"],
      ["'http://127.0.0.1:4000/graphql'", "gateway.url + '/graphql'"],
    ],
    after: "assert.match(video.videoUrl ?? '', /mp4$/);",
  },
  // The process ends after the first completion.
  'docs/backends.md 1': {
    before: `${CLIENT_SERVERS}
import { makeFolder } from '../../test/support/folder.ts';
await using sandbox = await startSandbox({ stepMs: 1 });
await using gateway = await startGateway(sandbox);
await using folder = await makeFolder();
const delivered: string[] = [];
const deliver = async ({ state }: { state: string }) => void delivered.push(state);
`,
    replace: [
      ["'longtake/client'", "'../../client/index.ts'"],
      ["'http://127.0.0.1:4000/graphql'", "gateway.url + '/graphql'"],
      ["'longtake.json'", "folder.path + '/longtake.json'"],
      ['await deliver(video);', 'await deliver(video); break;'],
    ],
    after: `
assert.deepEqual(delivered, ['SUCCEEDED']);
assert.match(readFileSync(folder.path + '/longtake.json', 'utf8'), /cursor/);
assert.equal(sandbox.requests.filter(({ method }) => method === 'POST').length, 1);
`,
  },
  // A reload, between two submits.
  'docs/clients.md 1': {
    before: `${CLIENT_SERVERS}
await using sandbox = await startSandbox({ stepMs: 1 });
await using gateway = await startGateway(sandbox);
const states: string[] = [];
const show = (state: string) => states.push(state);
const played = Promise.withResolvers<string | null>();
const play = (url: string | null) => played.resolve(url);
const getToken = () => 'token';
const items = new Map<string, string>();
const localStorage = {
  getItem: (name: string) => items.get(name) ?? null,
  setItem: (name: string, value: string) => void items.set(name, value),
  removeItem: (name: string) => void items.delete(name),
  keys: () => items.keys(),
};
`,
    replace: [
      ["'longtake/client'", "'../../client/index.ts'"],
      ["'https://gateway.example.com/graphql'", "gateway.url + '/graphql'"],
    ],
    after: `
assert.match(String(await played.promise), /mp4$/);
assert.equal(states.at(-1), 'SUCCEEDED');
assert.equal((await longtake.pending()).length, 0);
`,
  },
  'docs/clients.md 2': {
    before: `${CLIENT_SERVERS}
import { createClient } from '../../client/index.ts';
await using sandbox = await startSandbox({ autoplay: false });
await using gateway = await startGateway(sandbox);
const items = new Map<string, string>();
const storage = {
  getItem: (name: string) => items.get(name) ?? null,
  setItem: (name: string, value: string) => void items.set(name, value),
  removeItem: (name: string) => void items.delete(name),
  keys: () => items.keys(),
};
const options = { url: gateway.url + '/graphql', storage };
const leaving = new AbortController();
const input = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' } as const;
const left = createClient(options).generateVideo(input, {
  signal: leaving.signal,
  onUpdate: () => leaving.abort(),
});
await assert.rejects(left);
const longtake = createClient(options);
const { taskId } = await sandbox.nextRequest(({ method }) => method === 'POST');
const show = (state: string) => void (state === 'WAITING' && sandbox.complete(taskId ?? ''));
const played: (string | null)[] = [];
const play = (url: string | null) => void played.push(url);
const report = assert.fail;
const notified: string[] = [];
const notify = (_id: string, state: string) => void notified.push(state);
const showShots = () => assert.fail();
const playShots = () => assert.fail();
`,
    replace: [['notify(video.id, video.state);', 'notify(video.id, video.state); break;']],
    after: `
assert.deepEqual(notified, ['SUCCEEDED']);
await assert.doesNotReject(async () => {
  while (played.length === 0) await new Promise(setImmediate);
});
`,
  },
  'docs/clients.md 3': {
    before: `${CLIENT_SERVERS}
await using sandbox = await startSandbox({ stepMs: 1 });
await using gateway = await startGateway(sandbox);
const items = new Map<string, string>();
const localStorage = {
  getItem: (name: string) => items.get(name) ?? null,
  setItem: (name: string, value: string) => void items.set(name, value),
  removeItem: (name: string) => void items.delete(name),
  keys: () => items.keys(),
};
const shown: unknown[] = [];
const show = (words: unknown) => void shown.push(words);
const played: { state: string; shots: readonly { prompt: string }[] }[] = [];
const play = (film: (typeof played)[number]) => void played.push(film);
`,
    replace: [
      ["'longtake/client'", "'../../client/index.ts'"],
      ["'https://gateway.example.com/graphql'", "gateway.url + '/graphql'"],
      ["'The lights go out'", "'#moderated'"],
    ],
    after: `
assert.deepEqual(played.map(({ state, shots }) => [state, shots.at(-1)?.prompt]), [
  ['COMPLETED', 'The lights turn blue'],
]);
assert.ok(shown.some((words) => String(words).startsWith('Shot 2 failed')));
assert.deepEqual(items.size, 0);
`,
  },
  'docs/authentication.md 1': {
    before: `${SERVERS}
import { createClient } from 'graphql-ws';
import { bearerOf, JWT_ENV } from '../../test/support/tokens.ts';
await using sandbox = await startSandbox({ autoplay: false });
await using gateway = await startGateway(sandbox, JWT_ENV);
const getToken = async () => bearerOf('alice').replace('Bearer ', '');
await extend(gateway.as(bearerOf('alice')));
await extend(gateway.as(bearerOf('bob')));
`,
    replace: [["'ws://127.0.0.1:4000/graphql'", "gateway.url.replace('http', 'ws') + '/graphql'"]],
    after: `
const answers = client.iterate<{ videos: { edges: object[] } }>({
  query: '{ videos { edges { node { id } } } }',
});
const { value } = await answers.next();
assert.equal(value?.data?.videos.edges.length, 1);
await client.dispose();
`,
  },
  'docs/embedding.md 1': {
    before: "import assert from 'node:assert/strict';",
    replace: [
      ["'longtake'", "'../../src/index.ts'"],
      ['console.log(await response.json());', 'const answer = await response.json();'],
    ],
    after: `
assert.deepEqual(answer, { data: { videos: { edges: [] } } });
await assert.rejects(fetch(gateway.url));
`,
  },
  'docs/sandbox.md 1': {
    before: SERVERS,
    replace: [
      [
        '// … the gateway submits …',
        'await using gateway = await startGateway(sandbox); await extend(gateway);',
      ],
    ],
    after: `
assert.equal(sandbox.tasks.get(taskId ?? '')?.state, 'success');
assert.equal(sandbox.callbacks[0]?.status, 200);
`,
  },
};

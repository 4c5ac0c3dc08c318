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

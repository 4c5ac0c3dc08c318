import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  GenerateDocument,
  OnExtendedDocument,
  OnUpdatedDocument,
  ReadCompletionsDocument,
  ReadLineageDocument,
  ReadNodeDocument,
  ReadVideoDocument,
  ReadVideosDocument,
  type VideoState,
} from './generated/graphql.ts';
import { backdate } from './support/backdate.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';
import { refuse, toFilm } from './support/sequences.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';
import { type Operation, openWays } from './support/ways.ts';

const ALICE = bearerOf('alice');
const BOB = bearerOf('bob');
const NOBODY = '00000000-0000-7000-8000-000000000000';

/** What one can ask about a video by a key. */
const READS: Record<string, (key: string) => Operation> = {
  video: (taskId) => ({ document: ReadVideoDocument, variables: { taskId } }),
  'video and its lineage': (taskId) => ({ document: ReadLineageDocument, variables: { taskId } }),
  node: (id) => ({ document: ReadNodeDocument, variables: { id } }),
};
const SUBSCRIPTIONS: Record<string, (key: string) => Operation> = {
  videoExtended: (taskId) => ({ document: OnExtendedDocument, variables: { taskId } }),
  videoUpdated: (taskId) => ({ document: OnUpdatedDocument, variables: { taskId } }),
};

/** As `ExtendDocument`, but for what the upstream says of a video that it does not know. */
const EXTEND = `mutation ($input: ExtendVideoInput!) {
  extendVideo(input: $input) {
    __typename
    ... on GatewayError { message code retryable retryAfter }
    ... on VideoNotFoundError { taskId }
  }
}`;

function derive(key: string): string {
  return `task-${Buffer.from(key).toString('base64url')}`;
}

/** A key of the same make that names nothing: as long, and of the same signs. */
function toStranger(key: string): string {
  if (key.startsWith('task-')) {
    const inner = Buffer.from(key.slice('task-'.length), 'base64url').toString();
    return derive(toStranger(inner));
  }
  return key.slice(0, -4) + (key.endsWith('0000') ? '1111' : '0000');
}

async function startBoth(env: Record<string, string> = {}) {
  const sandbox = await startSandbox({ autoplay: false });
  const gateway = await startGateway(sandbox, { ...JWT_ENV, ...env });
  return {
    sandbox,
    gateway,
    alice: gateway.as(ALICE),
    bob: gateway.as(BOB),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await sandbox.close();
    },
  };
}

/** Alice's videos in every state that a row can have, by all the keys that name them. */
async function seedAlice(gateway: TestGateway, sandbox: Sandbox): Promise<Record<string, string>> {
  const alice = gateway.as(ALICE);
  const keys: Record<string, string> = {};
  const note = (state: string, video: { id: string; taskId: string }) => {
    keys[`id of a ${state} video`] = video.id;
    keys[`task id of a ${state} video`] = video.taskId;
    keys[`id derived from the task id of a ${state} video`] = derive(video.taskId);
    keys[`id derived from the id of a ${state} video`] = derive(video.id);
  };
  note('WAITING', await extend(alice));
  const succeeded = await extend(alice);
  await sandbox.complete(succeeded.taskId);
  note('SUCCEEDED', succeeded);
  const failed = await extend(alice, { prompt: '#nsfw' });
  await sandbox.complete(failed.taskId);
  note('FAILED', failed);
  note('twice extended', await extendAndEnd(gateway, sandbox, succeeded.taskId));

  const lost = await alice.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#answer-lost' } });
  const result = lost.data.extendVideo;
  if (result.__typename !== 'OutcomeUnknownError') throw new Error(JSON.stringify(lost));
  keys['id of an UNCONFIRMED video'] = result.video.id;
  keys['id derived from that of an UNCONFIRMED video'] = derive(result.video.id);
  return keys;
}

async function extendAndEnd(gateway: TestGateway, sandbox: Sandbox, taskId: string) {
  const made = await extend(gateway.as(ALICE), { taskId });
  await sandbox.complete(made.taskId);
  return made;
}

describe('another owner’s video', () => {
  it('gets byte for byte the same answers as an unknown one, by every field, key and transport', async () => {
    await using both = await startBoth();
    const { gateway, sandbox } = both;
    const keys = await seedAlice(gateway, sandbox);
    const ways = await openWays(gateway, BOB);
    const asAlice = await openWays(gateway, ALICE);
    const asked = sandbox.requests.length;

    const leaks: string[] = [];
    let probes = 0;
    for (const [keyName, key] of Object.entries(keys)) {
      const stranger = toStranger(key);
      for (const [field, toOperation] of Object.entries({ ...READS, ...SUBSCRIPTIONS })) {
        for (const [way, send] of Object.entries(ways)) {
          // A subscription has no place in a plain answer.
          if (field in SUBSCRIPTIONS && (way === 'POST' || way === 'GET')) continue;
          probes += 1;
          const theirs = await send(toOperation(key));
          const nobodys = await send(toOperation(stranger));
          if (theirs.replaceAll(key, 'KEY') === nobodys.replaceAll(stranger, 'KEY')) continue;
          leaks.push(`${field} by ${keyName} over ${way}: ${theirs} but ${nobodys}`);
        }
      }
    }

    expect(leaks).toEqual([]);
    expect(probes).toBeGreaterThanOrEqual(200);
    // Of the strangers the upstream was asked, of Alice's videos never.
    const paths = sandbox.requests.slice(asked).map(({ path }) => path);
    const named = Object.values(keys).filter((key) => paths.some((path) => path.endsWith(key)));
    expect(named).toEqual([]);
    // The probes work: for Alice herself, each of them returns something.
    for (const [keyName, key] of Object.entries(keys)) {
      if (keyName.startsWith('id derived')) continue;
      const shown = await asAlice.POST?.(READS.video?.(key) ?? expect.fail());
      expect([keyName, shown]).toEqual([keyName, expect.stringContaining('"prompt')]);
    }
  });

  it('cannot be extended, and the upstream gets no request', async () => {
    await using both = await startBoth();
    const { gateway, sandbox } = both;
    const keys = await seedAlice(gateway, sandbox);
    const { POST, WebSocket } = await openWays(gateway, BOB);
    const asked = sandbox.requests.length;

    let probes = 0;
    for (const [keyName, key] of Object.entries(keys)) {
      for (const send of [POST, WebSocket]) {
        probes += 1;
        const variables = { input: { ...INPUT, taskId: key, idempotencyKey: `key-${probes}` } };
        const answer = await send?.({ document: EXTEND, variables });
        expect([keyName, answer]).toEqual([keyName, expect.stringContaining('VideoNotFoundError')]);
      }
    }
    expect(probes).toBeGreaterThanOrEqual(30);
    expect(sandbox.requests.length).toBe(asked);
    const { data } = await both.bob.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toEqual([]);

    // Like an id that is unknown to the upstream as well.
    const [key = ''] = Object.values(keys);
    const of = (taskId: string) =>
      POST?.({ document: EXTEND, variables: { input: { ...INPUT, taskId } } });
    const theirs = await of(key);
    expect((await of(NOBODY))?.replaceAll(NOBODY, 'KEY')).toBe(theirs?.replaceAll(key, 'KEY'));
  });

  it('cannot be detected by a refused submit of its owner', async () => {
    await using both = await startBoth();
    const { gateway } = both;
    await both.alice.graphql(ExtendDocument, {
      input: { ...INPUT, prompt: '#451', idempotencyKey: 'one' },
    });
    const ways = await openWays(gateway, BOB);

    for (const send of Object.values(ways)) {
      const answer = await send({ document: ReadVideosDocument, variables: {} });
      expect(answer).toMatch(/edges\\*":\[\]/);
    }
  });
});

describe('lists', () => {
  const STATES: VideoState[] = [
    'UNCONFIRMED',
    'WAITING',
    'QUEUED',
    'GENERATING',
    'SUCCEEDED',
    'FAILED',
  ];

  it('contain only the caller’s own videos, by every state, page, cursor and transport', async () => {
    await using both = await startBoth();
    const { gateway, sandbox, alice } = both;
    const keys = await seedAlice(gateway, sandbox);
    const mine = await extend(both.bob, { prompt: "Bob's own" });
    const hers = await alice.graphql(ReadVideosDocument, { first: 100 });
    const log = await alice.graphql(ReadCompletionsDocument, { first: 100 });
    const ways = await openWays(gateway, BOB);
    const listCursors = hers.data.videos.edges.map(({ cursor }) => cursor);
    expect(listCursors.length).toBeGreaterThanOrEqual(5);

    let probes = 0;
    for (const send of Object.values(ways)) {
      for (const variables of [
        { first: 100 },
        ...STATES.map((state) => ({ first: 100, states: [state] })),
        { first: 100, states: STATES },
        ...listCursors.map((after) => ({ first: 100, after })),
      ]) {
        probes += 1;
        const answer = await send({ document: ReadVideosDocument, variables });
        expect(answer).not.toContain('cat goes');
        expect(Object.values(keys).filter((key) => answer.includes(key))).toEqual([]);
      }
      for (const { cursor } of log.data.completions.edges) {
        probes += 1;
        const answer = await send({
          document: ReadCompletionsDocument,
          variables: { after: cursor },
        });
        const made = Buffer.alloc(15, 7).toString('base64url');
        const stranger = await send({
          document: ReadCompletionsDocument,
          variables: { after: made },
        });
        expect(answer).toContain('INVALID_INPUT');
        expect(answer).toBe(stranger);
      }
      const everything = await send({ document: ReadCompletionsDocument, variables: {} });
      expect(everything).toMatch(/edges\\*":\[\]/);
    }
    expect(probes).toBeGreaterThanOrEqual(75);
    const { data } = await both.bob.graphql(ReadVideosDocument, {});
    expect(data.videos.edges.map(({ node }) => node.id)).toEqual([mine.id]);
  });

  it('cannot be resumed from another owner’s cursor by a subscription either', async () => {
    await using both = await startBoth();
    const { gateway, sandbox, alice } = both;
    await seedAlice(gateway, sandbox);
    const { data } = await alice.graphql(ReadCompletionsDocument, {});
    const ways = await openWays(gateway, BOB);

    for (const way of ['SSE by POST', 'SSE by GET', 'WebSocket'] as const) {
      for (const { cursor } of data.completions.edges) {
        const variables = { after: cursor };
        const answer = await ways[way]({ document: OnExtendedDocument, variables });
        expect(answer).toContain('INVALID_INPUT');
        expect(answer).not.toContain('videoExtended":{');
      }
    }
  });
});

describe('lineage', () => {
  it('has no edge to, from or through another owner’s video', async () => {
    await using both = await startBoth();
    const { gateway, sandbox, alice, bob } = both;
    const first = await extend(alice);
    await sandbox.complete(first.taskId);
    const second = await extend(alice, { taskId: first.taskId });
    await sandbox.complete(second.taskId);
    const bobs = await extend(bob);
    await sandbox.complete(bobs.taskId);
    const bobsNext = await extend(bob, { taskId: bobs.taskId });
    // No way leads here by now; the edge is drawn by hand, to see who can walk it.
    await gateway.stop();
    const draw = 'update video set source_task_id = ? where id = ?';
    backdate(gateway, draw, second.taskId, bobs.id);
    await gateway.restart();

    const below = await bob.graphql(ReadLineageDocument, { taskId: bobs.taskId });
    const further = await bob.graphql(ReadLineageDocument, { taskId: bobsNext.taskId });
    const above = await alice.graphql(ReadLineageDocument, { taskId: second.taskId });
    const original = await bob.graphql(ReadLineageDocument, { taskId: ORIGINAL_TASK_ID });

    expect(below.data.video).toMatchObject({ source: null, ancestors: [] });
    expect(further.data.video?.ancestors).toEqual([{ taskId: bobs.taskId }]);
    expect(above.data.video?.extensions.edges).toEqual([]);
    expect(above.data.video?.ancestors).toEqual([{ taskId: first.taskId }]);
    // The drawn edge took away Bob's only extension of the original; Alice's is not his to see.
    expect(original.data.video?.extensions.edges).toEqual([]);
  });
});

describe('an idempotencyKey', () => {
  it('of two owners is two keys: two tasks and no conflict', async () => {
    await using both = await startBoth();
    const { sandbox, alice, bob } = both;
    const hers = await extend(alice, { idempotencyKey: 'the key', prompt: 'Hers' });

    const his = await extend(bob, { idempotencyKey: 'the key', prompt: 'His' });
    const again = await extend(alice, { idempotencyKey: 'the key', prompt: 'Hers' });

    expect(his.id).not.toBe(hers.id);
    expect(again.id).toBe(hers.id);
    expect(sandbox.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});

describe('events', () => {
  it('of another owner never arrive, over a socket or SSE, for any subscription', async () => {
    await using both = await startBoth();
    const { sandbox, alice, bob } = both;
    const { data } = await bob.graphql(ReadCompletionsDocument, {});
    const socket = await bob.socket();
    const streams = [
      socket.subscribe(OnExtendedDocument, {}),
      socket.subscribe(OnExtendedDocument, { after: data.completions.pageInfo.endCursor ?? null }),
      await bob.sse(OnExtendedDocument, {}),
    ];
    const hers = await Promise.all(Array.from({ length: 10 }, () => extend(alice)));
    const his = await extend(bob);
    const herStream = (await alice.socket()).subscribe(OnExtendedDocument, {});
    const herOwn = await extend(alice);

    for (const { taskId } of hers) await sandbox.complete(taskId);
    await sandbox.complete(his.taskId);
    await sandbox.complete(herOwn.taskId);

    for (const stream of streams) {
      const event = await stream.next();
      expect(event?.data.videoExtended.video.id).toBe(his.id);
    }
    const heard = new Set<string | undefined>();
    while (!heard.has(herOwn.id)) heard.add((await herStream.next())?.data.videoExtended.video.id);
    expect(heard).not.toContain(his.id);
  });
});

describe('a foreign video', () => {
  const ASK: Operation = { document: ReadVideoDocument, variables: { taskId: ORIGINAL_TASK_ID } };

  it('can be read by anyone who knows its task id', async () => {
    await using both = await startBoth();

    for (const authorization of [ALICE, BOB]) {
      const ways = await openWays(both.gateway, authorization);
      for (const send of Object.values(ways)) expect(await send(ASK)).toContain('SUCCEEDED');
    }
  });

  it('is unknown with FOREIGN_VIDEOS=deny, without an upstream call', async () => {
    await using both = await startBoth({ FOREIGN_VIDEOS: 'deny' });
    const { gateway, sandbox } = both;
    const ways = await openWays(gateway, BOB);

    for (const key of [ORIGINAL_TASK_ID, derive(ORIGINAL_TASK_ID)]) {
      const stranger = toStranger(key);
      for (const [field, toOperation] of Object.entries({ ...READS, ...SUBSCRIPTIONS })) {
        for (const [way, send] of Object.entries(ways)) {
          if (field in SUBSCRIPTIONS && (way === 'POST' || way === 'GET')) continue;
          const theirs = await send(toOperation(key));
          const nobodys = await send(toOperation(stranger));
          expect(theirs.replaceAll(key, 'KEY')).toBe(nobodys.replaceAll(stranger, 'KEY'));
          expect(theirs).not.toContain('SUCCEEDED');
        }
      }
    }
    expect(sandbox.requests).toEqual([]);
  });

  it('cannot be extended with FOREIGN_VIDEOS=deny, by extendVideo or by a sequence', async () => {
    await using both = await startBoth({ FOREIGN_VIDEOS: 'deny' });
    const { sandbox, bob } = both;
    for (const key of [ORIGINAL_TASK_ID, derive(ORIGINAL_TASK_ID)]) {
      const stranger = toStranger(key);
      const extendKey = async (taskId: string) => {
        const { data } = await bob.send(EXTEND, { input: { ...INPUT, taskId } });
        return JSON.stringify(data).replaceAll(taskId, 'KEY');
      };

      expect(await extendKey(key)).toContain('VIDEO_NOT_FOUND');
      expect(await extendKey(key)).toBe(await extendKey(stranger));
      const film = toFilm(['a shot'], { start: { video: key } });
      expect((await refuse(bob, film)).code).toBe('INVALID_INPUT');
    }
    expect(sandbox.requests).toEqual([]);

    // His own video can be extended by each of its ids.
    const input = { prompt: 'A cat', aspectRatio: 'SQUARE_1_1', quality: 'P720' } as const;
    const { data } = await bob.graphql(GenerateDocument, { input });
    const own = data.generateVideo;
    if (own.__typename !== 'GenerateVideoSuccess') throw new Error(own.__typename);
    const { id, taskId } = own.video;
    if (taskId === null) throw new Error('The video has no task id.');
    await sandbox.complete(taskId);
    for (const key of [id, taskId, derive(taskId)]) await extend(bob, { taskId: key });
  });

  it('that was forgotten here cannot be extended with FOREIGN_VIDEOS=deny', async () => {
    await using both = await startBoth();
    const { gateway, sandbox, alice } = both;
    const hers = await extend(alice);
    await sandbox.complete(hers.taskId);
    await gateway.stop();
    backdate(gateway, 'delete from completion');
    backdate(gateway, 'delete from video');
    await gateway.restart({ FOREIGN_VIDEOS: 'deny' });
    const sent = sandbox.requests.length;

    const input = { ...INPUT, taskId: hers.taskId };
    const { data } = await gateway.as(BOB).graphql(ExtendDocument, { input });

    expect(data.extendVideo.__typename).toBe('VideoNotFoundError');
    expect(sandbox.requests).toHaveLength(sent);
  });

  it('is not shown with FOREIGN_VIDEOS=deny as the source of a video that was made before', async () => {
    await using both = await startBoth();
    const { taskId } = await extend(both.bob, { idempotencyKey: 'order 1' });

    await both.gateway.restart({ FOREIGN_VIDEOS: 'deny' });

    const bob = both.gateway.as(BOB);
    const { data } = await bob.graphql(ReadLineageDocument, { taskId });
    expect(data.video).toMatchObject({ sourceTaskId: ORIGINAL_TASK_ID, source: null });
    // A repeat gets the video that was paid for.
    expect((await extend(bob, { idempotencyKey: 'order 1' })).taskId).toBe(taskId);
  });
});

describe('a video made without authentication', () => {
  it('belongs to no authenticated owner', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const made = await extend(gateway);

    await gateway.restart(JWT_ENV);

    for (const caller of [
      gateway.as(ALICE),
      gateway.as(bearerOf('open', { iss: JWT_ENV.AUTH_ISSUER })),
    ]) {
      const list = await caller.graphql(ReadVideosDocument, {});
      const video = await caller.graphql(ReadVideoDocument, { taskId: made.taskId });
      expect([list.data.videos.edges, video.data.video]).toEqual([[], null]);
    }
  });
});

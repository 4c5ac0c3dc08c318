import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { createSequenceId } from '../src/video-id.ts';
import {
  ExtendDocument,
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadNodeDocument,
  ReadVideoDocument,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { postCallback, toFailure, toSuccess } from './support/callback.ts';
import { startGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';

const postgres = sharedPostgres();

describe('replicas on one PostgreSQL', () => {
  it('deliver a completion to listeners on all replicas', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    await using a = await startGateway(sandbox, { DATABASE_URL });
    await using b = await startGateway(sandbox, { DATABASE_URL });
    await using c = await startGateway(sandbox, { DATABASE_URL });
    const { taskId, cursor } = await extend(a);
    const onB = (await b.socket()).subscribe(OnExtendedDocument, { taskId });
    const onC = await c.sse(OnExtendedDocument, { after: cursor });

    await sandbox.complete(taskId);

    const [event] = await onB.rest();
    expect(event?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
    expect((await onC.next())?.data.videoExtended.video.taskId).toBe(taskId);
    const { data } = await c.graphql(ReadVideoDocument, { taskId });
    expect(data.video?.state).toBe('SUCCEEDED');
    expect((await b.graphql(ReadCompletionsDocument, {})).data.completions.edges).toHaveLength(1);
  });
});

const IMAGE = 'https://images.example.com/cat.png';
const MUTATION_FIELDS = `{ mutations: __type(name: "Mutation") {
  fields { name args { name type { ofType { name } } } }
} }`;
interface MutationField {
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly type: { ofType: { name: string } } }[];
}
const REFUSED = expect.objectContaining({
  code: expect.stringMatching(/^(INVALID_INPUT|VIDEO_NOT_FOUND|SEQUENCE_NOT_FOUND)$/),
});

/** For each mutation, variables that are valid except for ids that name nothing. */
const MUTATIONS: Record<string, unknown> = {
  extendVideo: { input: { ...INPUT, waterMark: 'a', imageUrl: IMAGE, idempotencyKey: 'k' } },
  generateVideo: {
    input: {
      prompt: 'A cat',
      imageUrl: IMAGE,
      waterMark: 'a',
      quality: 'P720',
      idempotencyKey: 'k',
    },
  },
  withdrawVideo: { id: 'a' },
  deleteVideo: { id: 'a' },
  createSequence: {
    input: {
      start: { video: 'a' },
      shots: [{ prompt: 'a', waterMark: 'b' }],
      waterMark: 'c',
      quality: 'P720',
      idempotencyKey: 'k',
    },
  },
  resumeSequence: {
    input: {
      id: createSequenceId(),
      shots: [{ prompt: 'a', waterMark: 'b' }],
      idempotencyKey: 'k',
    },
  },
  cancelSequence: { id: createSequenceId() },
};

/** Copies of a value, each with the text at one place changed. */
function* replaceTexts(value: unknown, change: (text: string) => string): Generator<unknown> {
  if (typeof value === 'string' && value !== 'P720') yield change(value);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    for (const changed of replaceTexts(child, change)) {
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
    }
  }
}

describe('a NUL, which PostgreSQL cannot store,', () => {
  it.each(['SQLite', 'PostgreSQL'])(
    'and half a character are refused in every text of every mutation: %s',
    async (engine) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(
        sandbox,
        engine === 'SQLite' ? {} : { DATABASE_URL: await postgres.createDatabase() },
      );
      const { mutations } = (
        await gateway.send<{ mutations: { fields: MutationField[] } }>(MUTATION_FIELDS)
      ).data;
      expect(mutations.fields.map(({ name }) => name).sort()).toEqual(
        Object.keys(MUTATIONS).sort(),
      );

      for (const { name, args } of mutations.fields) {
        const [{ name: argument = '', type } = {}] = args;
        const document = `mutation ($value: ${type?.ofType.name}!) {
          result: ${name}(${argument}: $value) { __typename ... on GatewayError { code } }
        }`;
        const { [argument]: valid } = MUTATIONS[name] as Record<string, unknown>;
        for (const bad of ['\0', '\ud800']) {
          for (const value of replaceTexts(valid, (text) => text + bad)) {
            const { data, errors } = await gateway.send(document, { value });
            expect([name, value, errors]).toEqual([name, value, undefined]);
            expect([name, value, data.result]).toEqual([name, value, REFUSED]);
          }
        }
      }
      expect(sandbox.requests).toEqual([]);
    },
  );

  const toDerived = (taskId: string) => `task-${Buffer.from(taskId).toString('base64url')}`;

  it('causes no internal error, wherever a client sends one', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { DATABASE_URL });
    const { taskId } = await extend(gateway);
    const socket = await gateway.socket();

    for (const key of [`${taskId}\0`, '\0', toDerived('a\0')]) {
      expect((await gateway.graphql(ReadVideoDocument, { taskId: key })).data).toEqual({
        video: null,
      });
      expect((await gateway.graphql(ReadNodeDocument, { id: key })).data).toEqual({ node: null });
      const [event] = await socket.subscribe(OnExtendedDocument, { taskId: key }).rest();
      expect(event?.errors?.[0]?.extensions.code).toBe('VIDEO_NOT_FOUND');
      for (const changes of [{ taskId: key }, { idempotencyKey: key }]) {
        const input = { ...INPUT, ...changes };
        const { data } = await gateway.graphql(ExtendDocument, { input });
        expect(['InvalidInputError', 'VideoNotFoundError', 'ExtendVideoSuccess']).toContain(
          data.extendVideo.__typename,
        );
      }
      for (const after of [key, Buffer.from(key).toString('base64url')]) {
        const answers = [
          await gateway.graphql(ReadVideosDocument, { after }),
          await gateway.graphql(ReadCompletionsDocument, { after }),
        ];
        for (const { errors } of answers) {
          expect(errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
        }
      }
    }
  });

  it('in a callback does not lose the completion', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { DATABASE_URL });
    for (const [n, change] of [
      { video_id: 'v\0' },
      { video_url: 'https://files.example.com/v\0.mp4' },
      { image_url: 'https://files.example.com/v\0.png' },
    ].entries()) {
      const submitting = extend(gateway);
      const held = await upstream.nextSubmit();
      held.accept(`task-${n}`);
      await submitting;

      const { status } = await postCallback(held.callback.url, toSuccess(`task-${n}`, change));

      expect(status).toBe(200);
      const { data } = await gateway.graphql(ReadVideoDocument, { taskId: `task-${n}` });
      expect(data.video?.state).toBe('SUCCEEDED');
    }

    const submitting = extend(gateway);
    const held = await upstream.nextSubmit();
    held.accept('task-9');
    await submitting;
    const failure = { ...toFailure('task-9'), msg: 'No\0 luck' };
    expect((await postCallback(held.callback.url, failure)).status).toBe(200);
    const { data } = await gateway.graphql(ReadVideoDocument, { taskId: 'task-9' });
    expect(data.video?.state).toBe('FAILED');
  });
});

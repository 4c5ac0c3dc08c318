import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  type ExtendMutation,
  type ExtendVideoInput,
  ReadVideosDocument,
} from './generated/graphql.ts';
import { startGateway, type TestCaller, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { bearerOf, inSeconds, JWT_ENV } from './support/tokens.ts';

type Result = ExtendMutation['extendVideo'];

/** Tokens that outlast the days which some of these tests let pass. */
const as = (gateway: TestGateway, name: string) =>
  gateway.as(bearerOf(name, { exp: inSeconds(7 * 24 * 3_600) }));

async function submit(
  caller: TestCaller,
  changes: Partial<ExtendVideoInput> = {},
): Promise<Result> {
  const { data } = await caller.graphql(ExtendDocument, { input: { ...INPUT, ...changes } });
  return data.extendVideo;
}

/** What a refusal says; throws for anything else. */
function toRetryAfter(result: Result): number | null {
  if (result.__typename !== 'RateLimitedError') throw new Error(JSON.stringify(result));
  expect(result).toMatchObject({
    code: 'RATE_LIMITED',
    retryable: true,
    upstreamCode: null,
    upstreamMessage: null,
  });
  return result.retryAfter ?? null;
}

async function countVideos(caller: TestCaller): Promise<number> {
  const { data } = await caller.graphql(ReadVideosDocument, { first: 100 });
  return data.videos.edges.length;
}

const submitsOf = (sandbox: Sandbox) =>
  sandbox.requests.filter(({ method }) => method === 'POST').length;

/** Sets the clock ahead by this many seconds for the rest of the test. Timers are not affected. */
function letPass(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1_000 });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

describe.each([
  ['OWNER_SUBMITS_PER_MINUTE', 60],
  ['OWNER_SUBMITS_PER_DAY', 24 * 3_600],
])('%s', (name, windowSeconds) => {
  it('refuses the first submit above it: nothing is stored, sent or charged to others', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '3' });
    const alice = as(gateway, 'alice');
    for (let count = 0; count < 3; count += 1) await extend(alice);

    const retryAfter = toRetryAfter(await submit(alice));

    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(windowSeconds);
    expect(submitsOf(sandbox)).toBe(3);
    expect(await countVideos(alice)).toBe(3);
    await extend(as(gateway, 'bob'));
    expect(submitsOf(sandbox)).toBe(4);
  });

  it('allows a submit after retryAfter, and not a second before', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '2' });
    const alice = as(gateway, 'alice');
    await extend(alice);
    letPass(windowSeconds / 2);
    await extend(alice);

    const first = toRetryAfter(await submit(alice)) ?? 0;
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(windowSeconds / 2);
    letPass(first - 2);
    const rest = toRetryAfter(await submit(alice)) ?? 0;
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThanOrEqual(2);
    letPass(rest);

    await extend(alice);
    // One place was given back, not all: the second submit is still in the window.
    expect(toRetryAfter(await submit(alice))).toBeGreaterThan(0);
    expect(submitsOf(sandbox)).toBe(3);
  });

  it('survives a restart', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '1' });
    await extend(as(gateway, 'alice'));

    await gateway.restart();

    expect(toRetryAfter(await submit(as(gateway, 'alice')))).toBeGreaterThan(0);
  });

  it('does not count a repeated key, even when the limit is reached', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '2' });
    const alice = as(gateway, 'alice');
    const first = await extend(alice, { idempotencyKey: 'one' });

    const repeats = await Promise.all(
      Array.from({ length: 20 }, () => submit(alice, { idempotencyKey: 'one' })),
    );
    await extend(alice, { idempotencyKey: 'two' });
    const again = await submit(alice, { idempotencyKey: 'one' });

    for (const result of [...repeats, again]) {
      expect(result).toMatchObject({ __typename: 'ExtendVideoSuccess', video: { id: first.id } });
    }
    expect(toRetryAfter(await submit(alice, { idempotencyKey: 'three' }))).toBeGreaterThan(0);
    // What was refused has not used up its key: a key that was never stored conflicts with nothing.
    expect(await submit(alice, { idempotencyKey: 'three', prompt: 'Another' })).toMatchObject({
      __typename: 'RateLimitedError',
    });
    expect(submitsOf(sandbox)).toBe(2);
  });

  it('is not exceeded by 30 concurrent submits over every transport', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '7' });
    const alice = as(gateway, 'alice');
    const socket = await alice.socket();

    const results = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const input = { ...INPUT, idempotencyKey: index % 3 === 0 ? null : `key-${index}` };
        if (index % 2 === 0) return submit(alice, input);
        const [answer] = await socket.subscribe(ExtendDocument, { input }).rest();
        return answer?.data.extendVideo ?? expect.fail('no answer');
      }),
    );

    const admitted = results.filter(({ __typename }) => __typename === 'ExtendVideoSuccess');
    const refused = results.filter(({ __typename }) => __typename === 'RateLimitedError');
    expect([admitted.length, refused.length]).toEqual([7, 23]);
    expect(submitsOf(sandbox)).toBe(7);
    expect(await countVideos(alice)).toBe(7);
  });

  it.each(['#401', '#422', '#451', '#402', '#455'])(
    'counts a submit that the upstream refused: %s',
    async (prompt) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '2' });
      const alice = as(gateway, 'alice');
      await extend(alice);
      expect((await submit(alice, { prompt })).__typename).not.toBe('RateLimitedError');

      expect(toRetryAfter(await submit(alice))).toBeGreaterThan(0);
      expect(submitsOf(sandbox)).toBe(2);
    },
  );

  it('counts a submit that may have been paid for after an error', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '1' });
    const alice = as(gateway, 'alice');

    expect((await submit(alice, { prompt: '#500-made' })).__typename).toBe('UpstreamError');

    expect((await submit(alice)).__typename).toBe('RateLimitedError');
  });

  it('counts a submit that may have been paid for after a lost answer', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '1' });
    const alice = as(gateway, 'alice');

    const lost = await submit(alice, { prompt: '#answer-lost' });

    expect(lost.__typename).toBe('OutcomeUnknownError');
    expect(toRetryAfter(await submit(alice))).toBeGreaterThan(0);
  });

  it('does not count submits that the gateway refused', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, [name]: '1' });
    const alice = as(gateway, 'alice');
    const hers = await extend(as(gateway, 'bob'));

    for (const changes of [{ prompt: ' ' }, { taskId: hers.taskId }, { idempotencyKey: '' }]) {
      const result = await submit(alice, changes);
      expect(result.__typename).toMatch(/InvalidInputError|VideoNotFoundError/);
    }

    await extend(alice);
  });
});

describe('OWNER_TASKS_IN_FLIGHT', () => {
  const ENV = { ...JWT_ENV, OWNER_TASKS_IN_FLIGHT: '2' };

  it('refuses the first submit above it until a task has ended', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, ENV);
    const alice = as(gateway, 'alice');
    const first = await extend(alice);
    const second = await extend(alice);

    // The end of a task is unknown, so there is no retryAfter.
    expect(toRetryAfter(await submit(alice))).toBeNull();
    await extend(as(gateway, 'bob'));
    expect(submitsOf(sandbox)).toBe(3);
    expect(await countVideos(alice)).toBe(2);

    await sandbox.complete(first.taskId);
    const third = await extend(alice);
    expect(toRetryAfter(await submit(alice))).toBeNull();
    await sandbox.complete(second.taskId, { code: 400, msg: 'Incorrect image format.' });
    await extend(alice);
    expect(toRetryAfter(await submit(alice))).toBeNull();
    await sandbox.complete(third.taskId);
    await extend(alice);
  });

  it('counts submits in flight, and stops counting refused ones', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, ENV);
    const alice = as(gateway, 'alice');
    const pending = [submit(alice), submit(alice)];
    const [one, two] = [await upstream.nextSubmit(), await upstream.nextSubmit()];

    expect(toRetryAfter(await submit(alice))).toBeNull();
    one.refuse(451);
    two.accept('task-2');
    await Promise.all(pending);
    const next = submit(alice);
    (await upstream.nextSubmit()).accept('task-3');

    expect((await next).__typename).toBe('ExtendVideoSuccess');
    expect(toRetryAfter(await submit(alice))).toBeNull();
    expect(upstream.submits).toHaveLength(3);
  });

  it('counts a task whose answer was lost until its callback ends it', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, { ...ENV, OWNER_TASKS_IN_FLIGHT: '1' });
    const alice = as(gateway, 'alice');
    const lost = submit(alice);
    const held = await upstream.nextSubmit();
    held.cut();
    expect((await lost).__typename).toBe('OutcomeUnknownError');
    expect(toRetryAfter(await submit(alice))).toBeNull();

    await fetch(held.callback.url, {
      method: 'POST',
      body: JSON.stringify({ code: 400, msg: 'no', data: { task_id: 'task-1' } }),
    });

    const next = submit(alice);
    (await upstream.nextSubmit()).accept('task-2');
    expect((await next).__typename).toBe('ExtendVideoSuccess');
  });

  it('is not exceeded by 30 concurrent submits', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { ...ENV, OWNER_TASKS_IN_FLIGHT: '5' });
    const alice = as(gateway, 'alice');

    const results = await Promise.all(Array.from({ length: 30 }, () => submit(alice)));

    const types = results.map(({ __typename }) => __typename);
    expect(types.filter((type) => type === 'ExtendVideoSuccess')).toHaveLength(5);
    expect(types.filter((type) => type === 'RateLimitedError')).toHaveLength(25);
    expect(submitsOf(sandbox)).toBe(5);
  });
});

it.each(['SUBMITS_PER_DAY', 'OWNER_SUBMITS_PER_DAY'])(
  '%s counts a scheduled submit on the day of its last try',
  async (name) => {
    await using upstream = await startHeldUpstream();
    const env = { ...JWT_ENV, [name]: '1', QUEUE_DEADLINE_MS: '172800000' };
    await using gateway = await startGateway(upstream, env);
    const alice = as(gateway, 'alice');
    const scheduling = submit(alice, { whenBusy: 'QUEUE' });
    (await upstream.nextSubmit()).refuse(455);
    expect(await scheduling).toMatchObject({ video: { state: 'SCHEDULED' } });

    letPass(25 * 3_600);
    (await upstream.nextSubmit()).accept('task-1');

    expect(toRetryAfter(await submit(alice))).toBeGreaterThan(0);
  },
);

describe('two replicas on PostgreSQL', () => {
  it.each([
    'OWNER_SUBMITS_PER_MINUTE',
    'OWNER_SUBMITS_PER_DAY',
    'OWNER_TASKS_IN_FLIGHT',
    'SUBMITS_PER_DAY',
  ])('never exceed %s together', async (name) => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await sharedPostgres().createDatabase();
    const env = { ...JWT_ENV, DATABASE_URL, [name]: '25' };
    await using one = await startGateway(sandbox, env);
    await using other = await startGateway(sandbox, env);
    // The very first submit of an owner inserts the owner's row.
    const callers = [as(one, 'alice'), as(other, 'alice')];
    const results: Result[] = [];

    const takeTurns = async (caller: TestCaller) => {
      for (let turn = 0; turn < 15; turn += 1) results.push(await submit(caller));
    };
    await Promise.all([...callers, ...callers].map(takeTurns));

    const types = results.map(({ __typename }) => __typename);
    expect(types.filter((type) => type === 'ExtendVideoSuccess')).toHaveLength(25);
    expect(types.filter((type) => type === 'RateLimitedError')).toHaveLength(35);
    expect(submitsOf(sandbox)).toBe(25);
  });
});

describe('without spending limits', () => {
  it('no submit is limited', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, JWT_ENV);

    await Promise.all(Array.from({ length: 40 }, () => extend(as(gateway, 'alice'))));

    expect(submitsOf(sandbox)).toBe(40);
  });
});

import { describe, expect, it } from 'vitest';
import {
  InsufficientCreditsError,
  RateLimitedError,
  UpstreamError,
  UpstreamMaintenanceError,
  UpstreamUnreachableError,
} from '../src/errors.ts';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import { type Breaker, createBreaker } from '../src/submit/breaker.ts';
import { AnswerInDoubtError } from '../src/upstream/answer-in-doubt.ts';
import { AnswerLostError } from '../src/upstream/answer-lost.ts';
import { ExtendDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { extend, INPUT } from './support/operations.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

const SAID = { upstreamCode: 455, upstreamMessage: 'maintenance', retryAfter: null };
const maintenance = (retryAfter: number | null = null) =>
  new UpstreamMaintenanceError({ ...SAID, retryAfter });
const unreachable = () => new UpstreamUnreachableError({ cause: new Error('refused') });
const noCredits = (upstreamCode = 402) =>
  new InsufficientCreditsError({ ...SAID, upstreamCode, upstreamMessage: 'no credits' });
const lost = () => new AnswerLostError(new Error('cut'));

/** A breaker on a clock that the test turns. */
function createTimed(): { breaker: Breaker; pass: (ms: number) => void } {
  let now = 1_000_000;
  const pass = (ms: number) => {
    now += ms;
  };
  return { breaker: createBreaker({ now: () => now }), pass };
}

function fail(breaker: Breaker, times: number, error: () => unknown): void {
  for (let n = 0; n < times; n++) breaker.record(error());
}

describe('the breaker', () => {
  it('opens after five consecutive outages of any kind', () => {
    const { breaker } = createTimed();
    for (const error of [maintenance(), unreachable(), lost(), lost()]) {
      breaker.record(error);
      expect(breaker.findRefusal()).toBeNull();
    }

    breaker.record(unreachable());

    expect(breaker.findRefusal()).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', retryAfter: 10 });
    expect(breaker.enter()).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', retryable: true });
  });

  it.each([
    { what: 'a success', error: undefined },
    { what: 'a refusal', error: new UpstreamError({ ...SAID, upstreamCode: 415 }) },
    { what: 'an error in doubt', error: new AnswerInDoubtError({ ...SAID, upstreamCode: 500 }) },
    { what: 'a 429', error: new RateLimitedError({ ...SAID, upstreamCode: 429 }) },
  ])('counts $what as a sign that the upstream is up', ({ error }) => {
    const { breaker } = createTimed();
    fail(breaker, 4, unreachable);
    breaker.record(error);
    fail(breaker, 4, unreachable);

    expect(breaker.findRefusal()).toBeNull();
    breaker.record(unreachable());
    expect(breaker.findRefusal()).not.toBeNull();
  });

  it('refuses with the last cause and the remaining time', () => {
    const { breaker, pass } = createTimed();
    fail(breaker, 4, unreachable);
    breaker.record(maintenance());

    pass(3_000);
    const refusal = breaker.findRefusal();

    expect(refusal).toMatchObject({ ...SAID, code: 'UPSTREAM_MAINTENANCE', retryAfter: 7 });
    pass(6_999);
    expect(breaker.findRefusal()?.retryAfter).toBe(1);
    pass(1);
    expect(breaker.findRefusal()).toBeNull();
  });

  it('reports lost answers as UpstreamUnreachableError, because nothing is sent', () => {
    const { breaker } = createTimed();
    fail(breaker, 5, lost);
    expect(breaker.enter()).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', retryable: true });
  });

  it('stays open as long as the upstream asks for, if that is longer', () => {
    const { breaker, pass } = createTimed();
    fail(breaker, 5, () => maintenance(120));
    expect(breaker.findRefusal()?.retryAfter).toBe(120);
    pass(119_000);
    expect(breaker.enter()).not.toBeNull();
    pass(1_000);
    expect(breaker.enter()).toBeNull();
  });

  it('allows one trial call after its time, and closes when that succeeds', () => {
    const { breaker, pass } = createTimed();
    fail(breaker, 5, unreachable);
    pass(10_000);

    expect(breaker.enter()).toBeNull();
    expect(breaker.enter()).toMatchObject({ code: 'UPSTREAM_UNREACHABLE', retryAfter: 10 });
    expect(breaker.findRefusal()).not.toBeNull();
    breaker.record();

    expect(breaker.findRefusal()).toBeNull();
    expect(breaker.enter()).toBeNull();
    expect(breaker.enter()).toBeNull();
  });

  it('reopens at once when the trial call fails', () => {
    const { breaker, pass } = createTimed();
    fail(breaker, 5, unreachable);
    pass(10_000);
    expect(breaker.enter()).toBeNull();
    pass(4_000);
    breaker.record(maintenance());

    expect(breaker.enter()).toMatchObject({ code: 'UPSTREAM_MAINTENANCE', retryAfter: 10 });
  });

  it('allows another trial call if the first one never returned', () => {
    const { breaker, pass } = createTimed();
    fail(breaker, 5, unreachable);
    pass(10_000);
    expect(breaker.enter()).toBeNull();
    pass(10_000);
    expect(breaker.enter()).toBeNull();
    expect(breaker.enter()).not.toBeNull();
  });
});

describe('the breaker of an account without credits', () => {
  it.each([402, 433])('opens after one %i and names the time of a retry', (code) => {
    const { breaker } = createTimed();

    breaker.record(noCredits(code));

    const refusal = {
      code: 'INSUFFICIENT_CREDITS',
      retryable: true,
      retryAfter: 60,
      upstreamCode: code,
      upstreamMessage: 'no credits',
    };
    expect(breaker.findRefusal()).toMatchObject(refusal);
    expect(breaker.enter()).toMatchObject(refusal);
  });

  it('waits 1, 2, 5 and then 10 minutes, with one trial call each time', () => {
    const { breaker, pass } = createTimed();
    breaker.record(noCredits());
    for (const seconds of [60, 120, 300, 600, 600]) {
      expect(breaker.findRefusal()?.retryAfter).toBe(seconds);
      pass(seconds * 1_000);
      expect(breaker.enter()).toBeNull();
      expect(breaker.enter()).not.toBeNull();
      breaker.record(noCredits());
    }
  });

  it('counts concurrent calls once', () => {
    const { breaker, pass } = createTimed();
    fail(breaker, 5, noCredits);
    expect(breaker.findRefusal()?.retryAfter).toBe(60);
    pass(60_000);
    breaker.enter();
    breaker.record(noCredits());
    expect(breaker.findRefusal()?.retryAfter).toBe(120);
  });

  it('closes when a call succeeds, and starts again with a minute', () => {
    const { breaker, pass } = createTimed();
    breaker.record(noCredits());
    pass(60_000);
    breaker.enter();
    breaker.record();
    expect(breaker.findRefusal()).toBeNull();

    breaker.record(noCredits());

    expect(breaker.findRefusal()?.retryAfter).toBe(60);
  });
});

async function submit(gateway: TestGateway, changes: object = {}) {
  const { data } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, ...changes } });
  return data.extendVideo;
}

const ON = { UPSTREAM_BREAKER: 'on' };

describe('an upstream that is down', () => {
  it('that is in maintenance gets no sixth request, and clients get an error at once', async () => {
    await using sandbox = await startSandbox();
    await using gateway = await startGateway(sandbox, ON);
    for (let n = 0; n < 5; n++) await submit(gateway, { prompt: 'Dance on #455' });
    const posts = sandbox.requests.length;

    const result = await submit(gateway, { idempotencyKey: 'refused' });

    expect(result).toMatchObject({
      __typename: 'UpstreamMaintenanceError',
      retryable: true,
      upstreamCode: 455,
    });
    const { retryAfter } = result as { retryAfter: number };
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(10);
    expect([posts, sandbox.requests.length]).toEqual([5, 5]);
    const { data } = await gateway.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toEqual([]);
    // The next process knows nothing of it, and the key is free.
    await gateway.restart();
    const again = await submit(gateway, { idempotencyKey: 'refused' });
    expect(again.__typename).toBe('ExtendVideoSuccess');
  });

  it('that announces ten hours of maintenance is tried again after five minutes', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, ON);
    for (let n = 0; n < 5; n++) {
      const refused = submit(gateway);
      (await upstream.nextSubmit()).refuse(455, { 'retry-after': '36000' });
      expect(await refused).toMatchObject({ upstreamCode: 455, retryAfter: 300 });
    }

    const { retryAfter } = (await submit(gateway)) as { retryAfter: number };

    expect(retryAfter).toBeGreaterThan(200);
    expect(retryAfter).toBeLessThanOrEqual(300);
  });

  it('that reports missing credits gets no second request, and the key is free', async () => {
    await using sandbox = await startSandbox();
    await using gateway = await startGateway(sandbox, ON);
    expect(await submit(gateway, { prompt: 'Dance on #402' })).toMatchObject({
      __typename: 'InsufficientCreditsError',
      retryable: false,
      retryAfter: null,
      upstreamCode: 402,
    });

    const result = await submit(gateway, { idempotencyKey: 'refused' });

    expect(result).toMatchObject({
      __typename: 'InsufficientCreditsError',
      retryable: true,
      upstreamCode: 402,
    });
    expect((result as { retryAfter: number }).retryAfter).toBeGreaterThan(10);
    expect(sandbox.requests).toHaveLength(1);
    await gateway.restart();
    const again = await submit(gateway, { idempotencyKey: 'refused' });
    expect(again.__typename).toBe('ExtendVideoSuccess');
  });

  it('that is unreachable gets no sixth request', async () => {
    const upstream = await startScriptedUpstream(() => {});
    await upstream.close();
    await using gateway = await startGateway(upstream, ON);
    for (let n = 0; n < 5; n++) {
      expect(await submit(gateway)).toMatchObject({
        __typename: 'UpstreamUnreachableError',
        retryAfter: null,
      });
    }

    const result = await submit(gateway);

    expect(result).toMatchObject({ __typename: 'UpstreamUnreachableError', retryable: true });
    expect((result as { retryAfter: number }).retryAfter).toBeGreaterThanOrEqual(1);
  });

  it('that loses answers is not sent a sixth paid request', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGateway(upstream, ON);
    for (let n = 0; n < 5; n++) {
      const submitting = submit(gateway, { idempotencyKey: `key-${n}` });
      (await upstream.nextSubmit()).cut();
      expect((await submitting).__typename).toBe('OutcomeUnknownError');
    }

    expect((await submit(gateway)).__typename).toBe('UpstreamUnreachableError');

    // A submit that was sent is unknown still, and not "try again".
    const known = await submit(gateway, { idempotencyKey: 'key-0' });
    expect(known).toMatchObject({ __typename: 'OutcomeUnknownError', retryable: false });
    expect(upstream.submits).toHaveLength(5);
  });

  it('refuses submits that were waiting for the rate limit, and frees their keys', async () => {
    await using upstream = await startHeldUpstream();
    // Longer than a busy machine takes to open the breaker.
    const env = { ...ON, UPSTREAM_REQUESTS: '5', UPSTREAM_WINDOW_MS: '4000' };
    await using gateway = await startGateway(upstream, env);
    const failing = Array.from({ length: 5 }, () => submit(gateway));
    const held = await Promise.all(failing.map(() => upstream.nextSubmit()));
    const waiting = Array.from({ length: 3 }, (_, n) =>
      submit(gateway, { idempotencyKey: `waiting-${n}` }),
    );

    for (const one of held) one.refuse(455);
    await Promise.all(failing);
    const results = await Promise.all(waiting);

    for (const result of results) {
      expect(result).toMatchObject({ __typename: 'UpstreamMaintenanceError', upstreamCode: 455 });
    }
    expect(upstream.submits).toHaveLength(5);
  });

  it('is still read: the breaker concerns submits only', async () => {
    await using sandbox = await startSandbox();
    await using gateway = await startGateway(sandbox, ON);
    for (let n = 0; n < 6; n++) await submit(gateway, { prompt: 'Dance on #455' });

    const answer = await gateway.send(`{ video(taskId: "${ORIGINAL_TASK_ID}") { state } }`);

    expect(answer).toEqual({ data: { video: { state: 'SUCCEEDED' } } });
  });
});

describe('UPSTREAM_BREAKER=off', () => {
  it('sends every submit', async () => {
    let posts = 0;
    await using upstream = await startScriptedUpstream((_request, response) => {
      posts += 1;
      if (posts <= 8) answerJson(response, { code: 455, msg: 'maintenance' });
      else answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
    });
    await using gateway = await startGateway(upstream, { UPSTREAM_BREAKER: 'off' });

    for (let n = 0; n < 8; n++) {
      expect((await submit(gateway)).__typename).toBe('UpstreamMaintenanceError');
    }

    expect((await extend(gateway)).taskId).toBe('task-1');
  });
});

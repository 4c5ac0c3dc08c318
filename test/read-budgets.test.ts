import { describe, expect, it } from 'vitest';
import { OnUpdatedDocument, ReadVideoDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway, type TestCaller } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { scrape } from './support/scrape.ts';
import { answerJson, type Script, startScriptedUpstream } from './support/scripted-upstream.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';

const ENV = { ...JWT_ENV, OWNER_READS_PER_MINUTE: '5', READS_PER_MINUTE: '8' };
const UNKNOWN = { code: 422, msg: 'recordInfo is null', data: null };

const readsOf = (upstream: { requests: readonly { method: string }[] }) =>
  upstream.requests.filter(({ method }) => method === 'GET').length;

/** Tasks are accepted, and no read finds any. */
const knowsNothing: Script = ({ method, path }, response) => {
  const isSubmit = method === 'POST';
  answerJson(
    response,
    isSubmit ? { code: 200, msg: 'success', data: { taskId: `task-${path}` } } : UNKNOWN,
  );
};

/** Reads this many ids in one document; resolves with the code of each error, null for none. */
async function readMany(caller: TestCaller, ids: readonly string[]) {
  const fields = ids.map((id, index) => `v${index}: video(taskId: "${id}") { id }`);
  const { data, errors = [] } = await caller.send(`{ ${fields.join(' ')} }`);
  return ids.map((_, index) => {
    const error = errors.find(({ path }) => path?.[0] === `v${index}`);
    expect(data[`v${index}`]).toBeNull();
    return error ? error.extensions : null;
  });
}

const toIds = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe('reads of unknown ids', () => {
  it('are limited per owner, with RATE_LIMITED and the actual waiting time', async () => {
    await using upstream = await startScriptedUpstream(knowsNothing);
    await using gateway = await startGateway(upstream, ENV);
    const alice = gateway.as(bearerOf('alice'));

    const found = await readMany(alice, toIds('unknown', 90));

    const refused = found.filter((error) => error !== null);
    expect(refused).toHaveLength(85);
    expect(readsOf(upstream)).toBe(5);
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED', retryable: true, upstreamCode: null });
      expect(error.retryAfter).toBeGreaterThanOrEqual(1);
      expect(error.retryAfter).toBeLessThanOrEqual(60);
    }
  });

  it('are limited in total, and one owner cannot use it all', async () => {
    await using upstream = await startScriptedUpstream(knowsNothing);
    await using gateway = await startGateway(upstream, ENV);

    await readMany(gateway.as(bearerOf('alice')), toIds('a', 20));
    const bob = await readMany(gateway.as(bearerOf('bob')), toIds('b', 20));
    const carol = await readMany(gateway.as(bearerOf('carol')), toIds('c', 20));

    expect(bob.filter((error) => error === null)).toHaveLength(3);
    expect(carol.filter((error) => error === null)).toHaveLength(0);
    expect(readsOf(upstream)).toBe(8);
  });

  it('are cached for a while if the upstream does not know the id', async () => {
    await using upstream = await startScriptedUpstream(knowsNothing);
    await using gateway = await startGateway(upstream, ENV);
    const alice = gateway.as(bearerOf('alice'));

    await readMany(alice, toIds('unknown', 5));
    const again = await readMany(alice, toIds('unknown', 5));
    const byBob = await readMany(gateway.as(bearerOf('bob')), toIds('unknown', 5));

    expect([...again, ...byBob].filter((error) => error !== null)).toEqual([]);
    expect(readsOf(upstream)).toBe(5);
  });

  it('count every request that they cause, including retries', async () => {
    await using upstream = await startScriptedUpstream((request, response) =>
      request.method === 'GET' ? answerJson(response, { code: 500, msg: 'broken' }) : undefined,
    );
    await using gateway = await startGateway(upstream, ENV);

    const found = await readMany(gateway.as(bearerOf('alice')), toIds('broken', 20));

    expect(readsOf(upstream)).toBe(5);
    expect(found.every((error) => error !== null)).toBe(true);
  });

  it('are limited for subscriptions, too', async () => {
    await using upstream = await startScriptedUpstream(knowsNothing);
    await using gateway = await startGateway(upstream, ENV);
    const alice = gateway.as(bearerOf('alice'));
    await readMany(alice, toIds('unknown', 5));

    const socket = await alice.socket();
    const [answer] = await socket.subscribe(OnUpdatedDocument, { taskId: 'one-more' }).rest();

    expect(answer?.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED' });
    expect(readsOf(upstream)).toBe(5);
  });
});

describe('reads of open tasks', () => {
  it('use the same budget, and get the stored state when it is used up', async () => {
    await using upstream = await startScriptedUpstream(({ method }, response) =>
      method === 'POST'
        ? answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } })
        : answerJson(response, UNKNOWN),
    );
    await using gateway = await startGateway(upstream, ENV);
    const alice = gateway.as(bearerOf('alice'));
    const video = await extend(alice);
    await readMany(alice, toIds('unknown', 5));

    const { data, errors } = await alice.graphql(ReadVideoDocument, { taskId: video.id });

    expect(errors).toBeUndefined();
    expect(data.video).toMatchObject({ id: video.id, state: 'WAITING' });
    expect(readsOf(upstream)).toBe(5);
    const list = await alice.graphql(ReadVideosDocument, {});
    expect(list.data.videos.edges).toHaveLength(1);
  });
});

describe('a read by reconciliation', () => {
  it('takes a place of the allowance for each request, including retries', async () => {
    await using upstream = await startScriptedUpstream(({ method }, response) =>
      method === 'GET'
        ? answerJson(response, { code: 500, msg: 'broken' })
        : answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } }),
    );
    await using gateway = await startGateway(upstream, {
      RECONCILE_AFTER_MS: '1',
      UPSTREAM_REQUESTS: '1',
      UPSTREAM_WINDOW_MS: '3600000',
    });

    await extend(gateway);
    const given = { outcome: 'failed' };
    while ((await scrape(gateway)).get('longtake_reconciliation_reads_total', given) !== 1);

    expect(readsOf(upstream)).toBe(1);
  });
});

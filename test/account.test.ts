import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument, ReadVideosDocument } from './generated/graphql.ts';
import { startGateway, type TestCaller } from './support/gateway.ts';
import { INPUT } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { runProgram } from './support/program.ts';
import { createFleet, type Replica } from './support/replicas.ts';
import { scrape } from './support/scrape.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';
import { bearerOf, JWT_ENV } from './support/tokens.ts';

const DAY_S = 24 * 60 * 60;

async function submit(caller: TestCaller) {
  return (await caller.graphql(ExtendDocument, { input: INPUT })).data.extendVideo;
}

async function consult(env: Record<string, string>): Promise<Finding[]> {
  const { stdout } = await runProgram(
    'doctor/main.ts',
    { APIKLEY_API_KEY: 'sandbox-key', ...env },
    { args: ['--json'] },
  );
  return JSON.parse(stdout);
}

describe('SUBMITS_PER_DAY', () => {
  it('limits all owners together: the first submit above it is refused until midnight and not stored', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      ...JWT_ENV,
      SUBMITS_PER_DAY: '3',
      METRICS_TOKEN: 'a-token-for-metrics',
    });
    const [anna, bert] = ['anna', 'bert'].map((name) => gateway.as(bearerOf(name)));
    if (!anna || !bert) return;
    for (const caller of [anna, bert, anna]) {
      expect((await submit(caller)).__typename).toBe('ExtendVideoSuccess');
    }

    const refused = await submit(bert);

    expect(refused).toMatchObject({ __typename: 'RateLimitedError', upstreamCode: null });
    if (refused.__typename !== 'RateLimitedError') return;
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect(refused.retryAfter).toBeLessThanOrEqual(DAY_S);
    const { data } = await bert.graphql(ReadVideosDocument, {});
    expect(data.videos.edges).toHaveLength(1);
    expect(sandbox.requests).toHaveLength(3);
    const { get } = await scrape(gateway, 'a-token-for-metrics');
    expect(get('longtake_submits_today')).toBe(3);

    await gateway.stop();
    const findings = await consult({
      UPSTREAM_URL: sandbox.url,
      DATABASE_URL: `sqlite:${join(gateway.folder, 'gateway.db')}`,
      SUBMITS_PER_DAY: '3',
    });
    expect(findings).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        message: '3 of 3 submits of today (UTC) are used',
      }),
    );
  });

  it('is shared by replicas: 40 concurrent submits send exactly the allowed number', async () => {
    let tasks = 0;
    await using upstream = await startScriptedUpstream((_request, response) => {
      tasks += 1;
      answerJson(response, { code: 200, msg: 'success', data: { taskId: `task-${tasks}` } });
    });
    await using fleet = await createFleet(upstream, {
      DATABASE_URL: await sharedPostgres().createDatabase(),
      SUBMITS_PER_DAY: '15',
    });
    const replicas = await fleet.start(2);

    const results = await Promise.all(
      Array.from({ length: 40 }, (_, n) => submit(replicas[n % 2] as Replica)),
    );

    const kinds = results.map(({ __typename }) => __typename);
    expect(kinds.filter((kind) => kind === 'ExtendVideoSuccess')).toHaveLength(15);
    expect(kinds.filter((kind) => kind === 'RateLimitedError')).toHaveLength(25);
    expect(upstream.requests).toHaveLength(15);
  });
});

describe('UPSTREAM_CREDITS', () => {
  it('shows the balance in /metrics and in the doctor, read by one of two replicas', async () => {
    const reads: string[] = [];
    await using upstream = await startScriptedUpstream((request, response) => {
      reads.push(request.path);
      if (request.path.endsWith('/credit')) {
        return answerJson(response, { code: 200, msg: 'success', data: 1188.5 });
      }
      return answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
    });
    const env = {
      AUTH: 'none',
      UPSTREAM_CREDITS: 'on',
      DATABASE_URL: await sharedPostgres().createDatabase(),
      METRICS_TOKEN: 'a-token-for-metrics',
    };
    await using first = await startGateway(upstream, env);
    await using second = await startGateway(upstream, env);

    for (const gateway of [first, second]) {
      await expect
        .poll(async () => {
          const { get } = await scrape(gateway, 'a-token-for-metrics');
          return get('longtake_upstream_credits');
        })
        .toBe(1188.5);
    }
    expect(reads.filter((path) => path.endsWith('/credit'))).toHaveLength(1);
    const findings = await consult({ ...env, UPSTREAM_URL: upstream.url });
    expect(findings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('the account has 1188.5 credits'),
    );
  });

  it('is off by default: the endpoint is never called', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    await submit(gateway);
    expect(sandbox.requests.map(({ path }) => path)).toEqual(['/api/v1/runway/extend']);
  });
});

/** What a read means whose state word is not one of the reference's. */

import { describe, expect, it } from 'vitest';
import { OnUpdatedDocument, ReadVideoDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { parseScrape } from './support/scrape.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';

const EAGER = { RECONCILE_AFTER_MS: '20', UPSTREAM_REQUESTS: '1000' };

/** An upstream that accepts every submit as task-1, and answers reads with the next of these, the last for ever. */
function startUpstream(reads: readonly object[]) {
  let count = 0;
  return startScriptedUpstream((request, response) => {
    if (request.method === 'POST') {
      return answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
    }
    const data = reads[Math.min(count++, reads.length - 1)];
    answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1', ...data } });
  });
}

async function followToEnd(gateway: TestGateway, taskId: string) {
  const socket = await gateway.socket();
  const events = await socket.subscribe(OnUpdatedDocument, { taskId }).rest();
  return events.at(-1)?.data.videoUpdated;
}

describe('a task in an unknown state', () => {
  const FILE = { videoInfo: { videoId: '1', videoUrl: '//files.example.com/1.mp4' } };

  it.each([
    ['completed', FILE, { state: 'SUCCEEDED', videoUrl: 'https://files.example.com/1.mp4' }],
    ['timeout', { failMsg: 'Took too long' }, { failure: { reason: 'UNCLASSIFIED' } }],
    [undefined, FILE, { state: 'SUCCEEDED' }],
  ])('ends according to its file or its failure text: %s', async (state, rest, expected) => {
    await using upstream = await startUpstream([
      { state: 'thinking' },
      { state: 'thinking' },
      { state, ...rest },
    ]);
    await using gateway = await startGateway(upstream, EAGER);
    const { taskId } = await extend(gateway);

    await followToEnd(gateway, taskId);

    const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
    expect(data.video).toMatchObject(expected);

    const { get } = parseScrape(await (await fetch(`${gateway.url}/metrics`)).text());
    const reads = upstream.requests.filter(({ method }) => method === 'GET').length;
    expect(reads).toBeGreaterThanOrEqual(3);
    expect(get('longtake_upstream_unknown_states_total')).toBe(reads);
  });

  it('has expired if a success no longer has a file', async () => {
    await using upstream = await startUpstream([
      { state: 'success', expireFlag: 1, videoInfo: { videoId: '7', videoUrl: '' } },
    ]);
    await using gateway = await startGateway(upstream, EAGER);
    const { taskId } = await extend(gateway);

    expect(await followToEnd(gateway, taskId)).toMatchObject({ state: 'SUCCEEDED' });

    const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
    expect(data.video).toMatchObject({
      state: 'SUCCEEDED',
      expired: true,
      videoId: '7',
      videoUrl: null,
      coverUrl: null,
      failure: null,
    });
  });
});

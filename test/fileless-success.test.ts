/** A success without a usable file: the gateway reads the task until a read shows how it ended. */

import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { postCallback, readCallbackUrl, toSuccess } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import {
  answerJson,
  type ScriptedUpstream,
  startScriptedUpstream,
} from './support/scripted-upstream.ts';

const FILELESS = toSuccess('task-1', { video_url: '', image_url: '' });

/** An upstream that accepts one submit, as task-1, and answers the n-th read as the test says. */
function startReadUpstream(read: (response: ServerResponse, n: number) => unknown) {
  let reads = 0;
  return startScriptedUpstream((request, response) => {
    if (request.method === 'GET') return read(response, ++reads);
    answerJson(response, { code: 200, msg: 'success', data: { taskId: 'task-1' } });
  });
}

function answerState(response: ServerResponse, state: string, videoUrl = ''): void {
  const data = { taskId: 'task-1', state, videoInfo: { videoId: '1', videoUrl, imageUrl: '' } };
  answerJson(response, { code: 200, msg: 'success', data });
}

async function nextCallbackUrl(upstream: ScriptedUpstream): Promise<string> {
  return readCallbackUrl((await upstream.nextRequest()).json()).url;
}

function countReads({ requests }: ScriptedUpstream): number {
  return requests.filter(({ method }) => method === 'GET').length;
}

/** The end of the task after the cursor. Called when the last read has arrived, so that nobody watches the others. */
async function findEnd(gateway: TestGateway, cursor: string) {
  const events = (await gateway.socket()).subscribe(OnExtendedDocument, { after: cursor });
  return (await events.next())?.data.videoExtended.video;
}

async function readVideo(gateway: TestGateway, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video;
}

// They mostly wait for the next read.
describe.concurrent.each(['SQLite', 'PostgreSQL'])('a success without a file, on %s', (engine) => {
  /** The first scheduled read comes after an hour. */
  async function start(upstream: { url: string }): Promise<TestGateway> {
    const isShared = engine === 'PostgreSQL';
    const env = isShared ? { DATABASE_URL: await sharedPostgres().createDatabase() } : {};
    return startGateway(upstream, env);
  }

  it('whose files have expired is the same by callback and by read', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await start(sandbox);
    const called = await extend(gateway, { prompt: 'Dance on #expired' });
    const silent = await extend(gateway, { prompt: 'Dance on #expired #callback-lost' });
    for (const { taskId } of [called, silent]) await sandbox.complete(taskId);

    const byCallback = await findEnd(gateway, called.cursor);
    const byRead = await readVideo(gateway, silent.taskId);

    const expired = { state: 'SUCCEEDED', expired: true, videoUrl: null, coverUrl: null };
    expect(byCallback).toMatchObject({ id: called.id, state: 'SUCCEEDED' });
    expect(await readVideo(gateway, called.taskId)).toMatchObject(expired);
    expect(byRead).toMatchObject(expired);
  });

  it('fails after three reads that follow shortly, without anyone watching', async () => {
    const third = Promise.withResolvers<void>();
    await using upstream = await startReadUpstream((response, n) => {
      answerState(response, 'success');
      if (n === 3) third.resolve();
    });
    await using gateway = await start(upstream);
    const { id, cursor } = await extend(gateway);

    await postCallback(await nextCallbackUrl(upstream), FILELESS);
    await third.promise;

    expect(await findEnd(gateway, cursor)).toMatchObject({
      id,
      state: 'FAILED',
      failure: { reason: 'PROVIDER_ERROR', upstreamCode: 200 },
    });
    expect(countReads(upstream)).toBe(3);
    const { data } = await gateway.graphql(ReadCompletionsDocument, { first: 10 });
    expect(data.completions.edges).toHaveLength(1);
  });

  it('fails in the same way when only a read by a client has found it', async () => {
    const fourth = Promise.withResolvers<void>();
    await using upstream = await startReadUpstream((response, n) => {
      answerState(response, 'success');
      if (n === 4) fourth.resolve();
    });
    await using gateway = await start(upstream);
    const { id, cursor } = await extend(gateway);

    expect(await readVideo(gateway, id)).toMatchObject({ state: 'WAITING' });
    await fourth.promise;

    expect(await findEnd(gateway, cursor)).toMatchObject({ id, state: 'FAILED' });
    expect(countReads(upstream)).toBe(4);
  });

  it('that is reported during a read is read again at once', async () => {
    const second = Promise.withResolvers<void>();
    let url = '';
    await using upstream = await startReadUpstream(async (response, n) => {
      if (n === 1) {
        await postCallback(url, FILELESS);
        return answerState(response, 'generating');
      }
      answerState(response, 'success', 'https://files.example.com/1.mp4');
      second.resolve();
    });
    await using gateway = await start(upstream);
    const { id, cursor } = await extend(gateway);
    url = await nextCallbackUrl(upstream);

    await postCallback(url, FILELESS);
    await second.promise;

    expect(await findEnd(gateway, cursor)).toMatchObject({ id, state: 'SUCCEEDED' });
    expect(countReads(upstream)).toBe(2);
  });
});

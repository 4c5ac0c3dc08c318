import { describe, expect, it } from 'vitest';
import { ORIGINAL_TASK_ID, startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument, OnExtendedDocument, ReadVideoDocument } from './generated/graphql.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const INPUT = {
  taskId: ORIGINAL_TASK_ID,
  prompt: 'The cat goes on dancing',
  quality: 'P720',
} as const;

async function extend(gateway: TestGateway, prompt = INPUT.prompt as string) {
  const { data } = await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt } });
  if (data.extendVideo.__typename !== 'ExtendVideoSuccess') {
    throw new Error(JSON.stringify(data));
  }
  const { video, cursor } = data.extendVideo;
  return { id: video.id, taskId: video.taskId ?? '', cursor };
}

describe('the main job', () => {
  it('tells a WebSocket and an SSE listener of a completion, which then costs no upstream call', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const socket = await gateway.socket();
    const bySocket = socket.subscribe(OnExtendedDocument, {});
    const { taskId, cursor } = await extend(gateway);
    const bySse = await gateway.sse(OnExtendedDocument, { after: cursor });

    await sandbox.complete(taskId);

    for (const event of [await bySocket.next(), await bySse.next()]) {
      expect(event?.errors).toBeUndefined();
      expect(event?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
    }
    const before = sandbox.requests.length;
    const { data } = await gateway.graphql(ReadVideoDocument, { taskId });
    expect(data.video?.videoUrl).toMatch(/^http.*\.mp4$/);
    expect(sandbox.requests.length).toBe(before);
  });
});

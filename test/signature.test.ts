import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSigned } from '../src/callbacks/signature.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument, OnExtendedDocument, ReadVideoDocument } from './generated/graphql.ts';
import { postCallback, toFailure, toSuccess } from './support/callback.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { extend, INPUT } from './support/operations.ts';

const KEY = 'webhook-key';
const REFUSED = { status: 401, body: { code: 401, msg: expect.any(String) } };

/** The headers that the provider sends, `offset` seconds from now. */
function sign(taskId: string, { key = KEY, offset = 0 } = {}): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000) + offset);
  return { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': mac(taskId, timestamp, key) };
}

function mac(taskId: string, timestamp: string, key: string): string {
  return createHmac('sha256', key).update(`${taskId}.${timestamp}`).digest('base64');
}

async function begin(sandbox: Sandbox, gateway: TestGateway) {
  const { taskId } = await extend(gateway);
  return { taskId, url: sandbox.tasks.get(taskId)?.callBackUrl ?? '' };
}

async function readState(gateway: TestGateway, taskId: string) {
  return (await gateway.graphql(ReadVideoDocument, { taskId })).data.video?.state;
}

describe('a callback with WEBHOOK_HMAC_KEY', () => {
  it('is accepted if it is signed for its task', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const { taskId, url } = await begin(sandbox, gateway);

    const { status } = await postCallback(url, toSuccess(taskId), sign(taskId));

    expect(status).toBe(200);
    expect(await readState(gateway, taskId)).toBe('SUCCEEDED');
  });

  it.each<[string, (taskId: string) => Record<string, string>]>([
    ['without a signature', () => ({})],
    ['without a timestamp', (id) => ({ ...sign(id), 'x-webhook-timestamp': '' })],
    ['with a timestamp alone', (id) => ({ ...sign(id), 'x-webhook-signature': '' })],
    ['signed with another key', (id) => sign(id, { key: 'another-key' })],
    ['signed with no key', (id) => sign(id, { key: '' })],
    ['signed for another task', () => sign('another-task')],
    ['signed for no task', () => sign('')],
    [
      'with the time of another signature',
      (id) => ({ ...sign(id), ...timeOf(sign(id, { offset: -9 })) }),
    ],
    ['with a signature cut short', (id) => ({ ...sign(id), 'x-webhook-signature': 'c2hvcnQ=' })],
    ['with a time that is no number', (id) => withTime(id, 'now')],
    ['with a time in milliseconds', (id) => withTime(id, String(Date.now()))],
    ['signed long ago', (id) => sign(id, { offset: -3600 })],
    ['signed long from now', (id) => sign(id, { offset: 3600 })],
  ])('is refused %s', async (_how, toHeaders) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const { taskId, url } = await begin(sandbox, gateway);
    const headers = toHeaders(taskId);

    const success = await postCallback(url, toSuccess(taskId), headers);
    const failure = await postCallback(url, { code: 500, msg: 'over' }, headers);

    expect([success, failure]).toMatchObject([REFUSED, REFUSED]);
    expect(await readState(gateway, taskId)).toBe('WAITING');
  });

  it('is refused if its signature is for the other task that it names', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const { taskId, url } = await begin(sandbox, gateway);

    const { status } = await postCallback(url, toSuccess('another-task'), sign('another-task'));

    expect(status).toBe(409);
    expect(await readState(gateway, taskId)).toBe('WAITING');
  });

  it('still requires the secret URL', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const { taskId, url } = await begin(sandbox, gateway);
    const wrong = url.slice(0, -1) + (url.endsWith('A') ? 'E' : 'A');

    const { status } = await postCallback(wrong, toSuccess(taskId), sign(taskId));

    expect(status).toBe(404);
    expect(await readState(gateway, taskId)).toBe('WAITING');
  });

  it('may be signed up to some minutes before or after now', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    for (const offset of [-200, 200]) {
      const { taskId, url } = await begin(sandbox, gateway);

      const { status } = await postCallback(url, toSuccess(taskId), sign(taskId, { offset }));

      expect(status).toBe(200);
      expect(await readState(gateway, taskId)).toBe('SUCCEEDED');
    }
  });

  it('may be signed with any of several keys', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: 'old-key, new-key' });
    const byOld = await begin(sandbox, gateway);
    const byNew = await begin(sandbox, gateway);
    const byList = await begin(sandbox, gateway);
    const post = ({ url, taskId }: typeof byOld, key: string) =>
      postCallback(url, toSuccess(taskId), sign(taskId, { key }));

    const statuses = [
      (await post(byOld, 'old-key')).status,
      (await post(byNew, 'new-key')).status,
      (await post(byList, 'old-key, new-key')).status,
    ];

    expect(statuses).toEqual([200, 200, 401]);
    await gateway.restart({ WEBHOOK_HMAC_KEY: 'new-key' });
    const late = await begin(sandbox, gateway);
    expect((await post(late, 'old-key')).status).toBe(401);
    expect((await post(late, 'new-key')).status).toBe(200);
  });

  it("of a failure needs no data: the signature is checked for the row's task", async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const { taskId, url } = await begin(sandbox, gateway);

    const { status } = await postCallback(url, { code: 500, msg: 'over' }, sign(taskId));

    expect(status).toBe(200);
    expect(await readState(gateway, taskId)).toBe('FAILED');
  });

  it('confirms a task whose id is not known, if it names it', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#answer-lost' } });
    const taskId = [...sandbox.tasks.keys()].at(-1) ?? '';
    const url = sandbox.tasks.get(taskId)?.callBackUrl ?? '';

    const unsigned = await postCallback(url, toSuccess(taskId));
    const signed = await postCallback(url, toSuccess(taskId), sign(taskId));

    expect([unsigned.status, signed.status]).toEqual([401, 200]);
    expect(await readState(gateway, taskId)).toBe('SUCCEEDED');
  });

  it('is accepted from a sandbox with the same key', async () => {
    await using sandbox = await startSandbox({ autoplay: false, webhookHmacKey: KEY });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const events = (await gateway.socket()).subscribe(OnExtendedDocument, {});
    const { taskId } = await begin(sandbox, gateway);

    await sandbox.complete(taskId);

    expect(sandbox.callbacks).toMatchObject([{ status: 200, acknowledged: true }]);
    expect((await events.next())?.data.videoExtended.video).toMatchObject({
      taskId,
      state: 'SUCCEEDED',
    });
  });

  it('is refused from a sandbox with another key', async () => {
    await using sandbox = await startSandbox({
      autoplay: false,
      webhookHmacKey: 'another-key',
      retryDelaysMs: [],
    });
    await using gateway = await startGateway(sandbox, { WEBHOOK_HMAC_KEY: KEY });
    const { taskId } = await begin(sandbox, gateway);

    await sandbox.complete(taskId);

    expect(sandbox.callbacks).toMatchObject([{ status: 401, acknowledged: false }]);
  });
});

describe('a callback without WEBHOOK_HMAC_KEY', () => {
  it('is accepted by its URL, signed or not', async () => {
    await using sandbox = await startSandbox({ autoplay: false, webhookHmacKey: 'whatever' });
    await using gateway = await startGateway(sandbox);
    const { taskId } = await begin(sandbox, gateway);
    const plain = await begin(sandbox, gateway);

    await sandbox.complete(taskId);
    const { status } = await postCallback(plain.url, toFailure(plain.taskId));

    expect(sandbox.callbacks).toMatchObject([{ acknowledged: true }]);
    expect(status).toBe(200);
  });
});

describe('isSigned', () => {
  const NOW_S = 1_800_000_000;

  it.each([
    { offset: -301, expected: false },
    { offset: -300, expected: true },
    { offset: 0, expected: true },
    { offset: 300, expected: true },
    { offset: 301, expected: false },
  ])('accepts signatures up to 300 s from now: $offset s', ({ offset, expected }) => {
    const timestamp = String(NOW_S + offset);
    const headers = { timestamp, signature: mac('task-1', timestamp, KEY) };

    expect(isSigned(headers, 'task-1', [KEY], NOW_S * 1000)).toBe(expected);
  });

  it('accepts a signature that another implementation made', () => {
    // printf 'task-1.1800000000' | openssl dgst -sha256 -hmac webhook-key -binary | base64
    const headers = {
      timestamp: '1800000000',
      signature: 'xw61pwwoV1KdN15WQYduP0g+WzMKIgEwnZnEKyIjNL0=',
    };

    expect(isSigned(headers, 'task-1', [KEY], NOW_S * 1000)).toBe(true);
    expect(isSigned(headers, 'task-2', [KEY], NOW_S * 1000)).toBe(false);
  });
});

function timeOf(headers: Record<string, string>) {
  return { 'x-webhook-timestamp': headers['x-webhook-timestamp'] ?? '' };
}

/** A good signature of that very time. */
function withTime(taskId: string, timestamp: string): Record<string, string> {
  return { 'x-webhook-timestamp': timestamp, 'x-webhook-signature': mac(taskId, timestamp, KEY) };
}

import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AnswerLostError } from '../../src/upstream/answer-lost.ts';
import { fetchDetails } from '../../src/upstream/details.ts';
import { sendExtend } from '../../src/upstream/extend.ts';
import { type Script, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { EXTEND, failureOf, startClient } from './support.ts';

const ACCEPTED = JSON.stringify({ code: 200, msg: 'success', data: { taskId: 'task-1' } });

function compressed(encoding: string, body: Buffer, status = 200): Script {
  return (_request, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', 'content-encoding': encoding })
      .end(body);
}

async function extendAgainst(script: Script): Promise<string> {
  await using upstream = await startScriptedUpstream(script);
  await using client = startClient(upstream.url);
  return await sendExtend(client, EXTEND);
}

describe('an unsolicited compressed answer', () => {
  it.each<[string, Buffer]>([
    ['gzip', gzipSync(ACCEPTED)],
    ['x-gzip', gzipSync(ACCEPTED)],
    ['GZIP', gzipSync(ACCEPTED)],
    ['deflate', deflateSync(ACCEPTED)],
    ['deflate', deflateRawSync(ACCEPTED)],
    ['br', brotliCompressSync(ACCEPTED)],
    ['zstd', zstdCompressSync(ACCEPTED)],
    ['identity', Buffer.from(ACCEPTED)],
    ['br, gzip', gzipSync(brotliCompressSync(ACCEPTED))],
  ])('is read: %s', async (encoding, body) => {
    expect(await extendAgainst(compressed(encoding, body))).toBe('task-1');
  });

  it('is also read by reads', async () => {
    const task = { code: 200, data: { taskId: 'task-1', state: 'generating' } };
    await using upstream = await startScriptedUpstream(
      compressed('gzip', gzipSync(JSON.stringify(task))),
    );
    await using client = startClient(upstream.url);

    expect(await fetchDetails(client, 'task-1')).toMatchObject({ state: 'GENERATING' });
  });

  it('is a typed refusal like any other', async () => {
    const body = gzipSync(JSON.stringify({ code: 429, msg: 'slow down' }));

    const error = await failureOf(extendAgainst(compressed('gzip', body)));

    expect(error).toMatchObject({ name: 'RateLimitedError', upstreamMessage: 'slow down' });
  });

  it.each<[string, string, Buffer, number]>([
    ['is not what its header says', 'gzip', Buffer.from(ACCEPTED), 200],
    ['is not what its header says, under 403', 'br', Buffer.from(ACCEPTED), 403],
    ['has a coding that nobody knows', 'snappy', Buffer.from(ACCEPTED), 200],
    ['is cut short', 'gzip', gzipSync(ACCEPTED).subarray(0, 20), 200],
    ['has more than 1 MiB', 'gzip', gzipSync(`${ACCEPTED}${' '.repeat(1024 * 1024)}`), 200],
    ['is compressed again and again', 'gzip, gzip, gzip, gzip', gzipSync(ACCEPTED), 200],
  ])('may come from a started task if it %s', async (_name, encoding, body, status) => {
    const error = await failureOf(extendAgainst(compressed(encoding, body, status)));

    expect(error).toBeInstanceOf(AnswerLostError);
    expect(error).toHaveProperty('cause', expect.any(Error));
  });

  it('is accepted if only its trailer is missing', async () => {
    const taskId = await extendAgainst((_request, response, socket) => {
      const body = gzipSync(ACCEPTED);
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length });
      response.write(body.subarray(0, -4), () => socket.destroy());
    });

    expect(taskId).toBe('task-1');
  });
});

describe('the charset of an answer', () => {
  const refusal = JSON.stringify({ code: 422, msg: 'Der Prompt enthält zu viele Wörter' });

  it.each<[string, Buffer]>([
    ['application/json', Buffer.from(refusal)],
    ['application/json; charset=utf-8', Buffer.from(refusal)],
    ['application/json;charset=ISO-8859-1', Buffer.from(refusal, 'latin1')],
    ['application/json; charset="utf-16le"', Buffer.from(refusal, 'utf16le')],
    ['application/json; charset=klingon', Buffer.from(refusal)],
  ])('is respected: %s', async (contentType, body) => {
    const error = await failureOf(
      extendAgainst((_request, response) =>
        response.writeHead(200, { 'content-type': contentType }).end(body),
      ),
    );

    expect(error).toHaveProperty('upstreamMessage', 'Der Prompt enthält zu viele Wörter');
  });
});

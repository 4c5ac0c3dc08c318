import { describe, expect, it } from 'vitest';
import { createUpstreamClient } from '../../src/upstream/client.ts';
import { fetchDetails } from '../../src/upstream/details.ts';
import { sendExtend } from '../../src/upstream/extend.ts';
import { createRedactor } from '../../src/upstream/redact.ts';
import { answerJson, type Script, startScriptedUpstream } from '../support/scripted-upstream.ts';
import {
  API_KEY,
  CALLBACK_URL,
  EXTEND,
  everythingIn,
  failureOf,
  startClient,
  TOKEN,
} from './support.ts';

const ECHO = `Bad key ${API_KEY} for ${CALLBACK_URL}: sorry`;

describe('a secret that the upstream echoes', () => {
  it.each<[string, Script]>([
    ['in an envelope', (_, response) => answerJson(response, { code: 500, msg: ECHO })],
    ['in a body', (_, response) => response.writeHead(400).end(ECHO)],
    ['in a lost answer', (_, response) => response.writeHead(502).end(ECHO)],
    ['in what is not HTTP', (_, _response, socket) => socket.end(`${ECHO}\r\n\r\n`)],
    ['in a header', (_, response) => response.writeHead(302, { location: CALLBACK_URL }).end()],
  ])('is in no error and no log: %s', async (_name, script) => {
    await using upstream = await startScriptedUpstream(script);
    const lines: unknown[] = [];
    const log = (...line: unknown[]) => lines.push(line);
    await using client = startClient(upstream.url, { logger: { debug: log, warn: log } });

    const error = await failureOf(sendExtend(client, EXTEND));

    // The body did carry the secret out, so a leak had something to show.
    expect(upstream.requests[0]?.body).toContain(TOKEN);
    expect(everythingIn(error)).not.toMatch(new RegExp(`${API_KEY}|${TOKEN}`));
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`${API_KEY}|${TOKEN}`));
  });

  it('is removed without the rest of the message', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 400, msg: ECHO }),
    );
    await using client = startClient(upstream.url);

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(error).toHaveProperty('upstreamMessage', 'Bad key [redacted] for [redacted]: sorry');
  });

  it('is removed before the text is shortened', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 400, msg: `${'x '.repeat(245)}${API_KEY} ${TOKEN}` }),
    );
    await using client = startClient(upstream.url);

    const error = await failureOf(sendExtend(client, EXTEND));

    expect(everythingIn(error)).not.toContain(API_KEY.slice(0, 8));
    expect(error).toHaveProperty('upstreamMessage', expect.stringMatching(/x \[redacted/));
  });

  it('is not in the failure of a task', async () => {
    await using upstream = await startScriptedUpstream((_, response) =>
      answerJson(response, { code: 200, data: { state: 'fail', failCode: 500, failMsg: ECHO } }),
    );
    await using client = startClient(upstream.url);

    const report = await fetchDetails(client, 'task-1');

    expect(report?.failure?.message).toBe('Bad key [redacted] for [redacted] sorry');
  });
});

describe('a redactor', () => {
  it.each([
    ['as it is', 'key a"b/c.', 'key [redacted].'],
    ['for JSON', 'key a\\"b/c.', 'key [redacted].'],
    ['for a URL', 'key a%22b%2Fc.', 'key [redacted].'],
    ['not at all', 'key abc.', 'key abc.'],
  ])('finds a secret in the form %s', (_name, text, redacted) => {
    expect(createRedactor(['a"b/c', ''])(text)).toBe(redacted);
  });

  it.each([
    [
      'in JSON',
      '{"callBackUrl":"https://g.example/callbacks/1/t"}',
      '{"callBackUrl":"[redacted]"}',
    ],
    ['in JSON with escaped slashes', '"https:\\/\\/g.example\\/callbacks\\/1\\/t"', '"[redacted]"'],
    ['percent-encoded', 'url=https%3A%2F%2Fg.example%2Fcallbacks%2F1%2Ft', '[redacted]'],
    ['without a host', 'POST /callbacks/1/t failed', 'POST [redacted] failed'],
    ['in HTML', '<a href="https://g.example/callbacks/1/t">', '<a href="[redacted]">'],
  ])('finds a callback URL in the form %s', (_name, text, redacted) => {
    expect(createRedactor([])(text)).toBe(redacted);
  });
});

describe('a key that is invalid in a header', () => {
  it.each(['', 'two words', 'line\nbreak', 'ключ'])('%j is refused at the start', (apiKey) => {
    const create = () => createUpstreamClient({ url: 'http://u.example', apiKey, timeoutMs: 1 });

    expect(create).toThrow('The upstream key must be printable ASCII without spaces.');
  });
});

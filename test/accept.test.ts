/** Content negotiation (RFC 9110, 12.5.1): quality values, q=0, and the more specific range first. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const RESPONSE_TYPE = 'application/graphql-response+json; charset=utf-8';
const STREAM_TYPE = 'text/event-stream';
const SUBSCRIPTION = 'subscription { videoExtended { cursor } }';

/** The media type of the answer to a query, or the status of a refusal. */
const ANSWERS: [accept: string, answer: string | number][] = [
  ['application/json', JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['', JSON_TYPE],
  ['application/*', JSON_TYPE],
  ['application/json;q=0.5, application/graphql-response+json', RESPONSE_TYPE],
  ['application/json;q=0.5, application/graphql-response+json;q=0.4', JSON_TYPE],
  ['application/json; q=0.2 , application/graphql-response+json ; q=0.9', RESPONSE_TYPE],
  ['application/json;Q=0.1, application/graphql-response+json;Q=0.2', RESPONSE_TYPE],
  ['application/graphql-response+json, application/json', RESPONSE_TYPE],
  ['application/json, application/graphql-response+json', JSON_TYPE],
  ['application/json;q=0, application/graphql-response+json', RESPONSE_TYPE],
  ['application/json;q=0, */*', RESPONSE_TYPE],
  ['*/*, application/json;q=0.000', RESPONSE_TYPE],
  ['application/*;q=0, application/json', JSON_TYPE],
  ['*/*;q=0.1, application/graphql-response+json;q=0.2', RESPONSE_TYPE],
  ['*/*;q=0.9, application/graphql-response+json;q=0.2', JSON_TYPE],
  ['application/json;charset=utf-8;q=0.3, text/html', JSON_TYPE],
  ['application/json;charset="UTF-8"', JSON_TYPE],
  ['application/json;q=0', 406],
  ['*/*;q=0', 406],
  ['application/json;q=0, application/graphql-response+json;q=0, */*;q=0.5', 406],
  ['application/json;charset=iso-8859-1', 406],
  ['image/png, */*;q=0', 406],
  ['text/event-stream', STREAM_TYPE],
  ['text/event-stream;q=0.1', STREAM_TYPE],
  ['text/event-stream, application/json', JSON_TYPE],
  ['text/event-stream, application/json;q=0', STREAM_TYPE],
  ['text/event-stream;q=0, application/json', JSON_TYPE],
  ['text/event-stream;q=0', 406],
  ['application/json, multipart/mixed;q=0', JSON_TYPE],
  ['multipart/mixed;q=0', 406],
];

/** Whether a subscription is streamed, or the status of the refusal. */
const STREAMS: [accept: string, answer: string | number][] = [
  ['text/event-stream', STREAM_TYPE],
  ['text/event-stream;q=0.5, */*;q=0.1', STREAM_TYPE],
  ['application/json, text/event-stream;q=0.2', STREAM_TYPE],
  ['application/json;q=0, text/event-stream', STREAM_TYPE],
  ['text/event-stream;q=0, application/json', 406],
  ['text/event-stream;q=0.000', 406],
  ['text/event-stream;q=0, */*', 406],
  ['text/*', 406],
];

const PAGES: [accept: string, type: string][] = [
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
  ['text/html', 'text/html; charset=utf-8'],
  ['text/html, application/json', 'text/html; charset=utf-8'],
  ['application/json;q=0.5, text/html;q=0.6', 'text/html; charset=utf-8'],
  ['application/json, text/html', JSON_TYPE],
  ['application/json, text/html;q=0.9', JSON_TYPE],
  ['text/html;q=0, */*', JSON_TYPE],
  ['text/html;q=0.1, */*', JSON_TYPE],
];

describe.each(['on', 'off'])('Accept, with THIN_PATH=%s', (thinPath) => {
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => {});
    gateway = await startGateway(upstream, { THIN_PATH: thinPath });
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await upstream.close();
  });

  async function ask(method: string, accept: string, query: string): Promise<string | number> {
    const leaving = new AbortController();
    const parameters = method === 'GET' ? `?${new URLSearchParams({ query })}` : '';
    const response = await fetch(`${gateway.url}/graphql${parameters}`, {
      method,
      headers: { accept, 'content-type': 'application/json' },
      signal: leaving.signal,
      ...(method === 'POST' && { body: JSON.stringify({ query }) }),
    });
    leaving.abort();
    return response.status === 200 ? (response.headers.get('content-type') ?? '') : response.status;
  }

  it.each(ANSWERS)('%j: a query is answered with %s', async (accept, answer) => {
    for (const method of ['POST', 'GET']) {
      // A browser's page is something else.
      if (method === 'GET' && accept.includes('text/html')) continue;
      expect([method, await ask(method, accept, '{ __typename }')]).toEqual([method, answer]);
    }
  });

  it.each(STREAMS)('%j: a subscription is answered with %s', async (accept, answer) => {
    for (const method of ['POST', 'GET']) {
      expect([method, await ask(method, accept, SUBSCRIPTION)]).toEqual([method, answer]);
    }
  });

  it.each(PAGES)('%j: a browser gets %s', async (accept, type) => {
    expect(await ask('GET', accept, '{ __typename }')).toBe(type);
  });
});

/** Bodies as client libraries really send them, on every transport. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.ts';
import { openRawSocket } from './support/socket.ts';

const BYTE_ORDER_MARK = '\uFEFF';
const QUERY = 'query ($first: Int) { videos(first: $first) { edges { cursor } } }';

/** Resolves with the whole answer as text. */
type Send = (gateway: TestGateway, body: string) => Promise<string>;

const post =
  (accept: string): Send =>
  async ({ url }, body) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body,
    });
    return `${response.status} ${await response.text()}`;
  };

const SENDERS: Record<string, Send> = {
  POST: post('application/json'),
  'server-sent events': post('text/event-stream'),
  'multipart/mixed': post('multipart/mixed'),
  async 'a WebSocket'({ url }, body) {
    const socket = await openRawSocket(url);
    socket.send({ type: 'connection_init' });
    await socket.next();
    const mark = body.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    socket.send(`${mark}{"type":"subscribe","id":"1","payload":${body.slice(mark.length)}}`);
    const answer = await socket.next();
    socket.socket.terminate();
    return answer ? JSON.stringify(answer) : `closed with ${await socket.closed}`;
  },
};

describe.each(['on', 'off'])('with THIN_PATH=%s', (thinPath) => {
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

  describe.each(Object.entries(SENDERS))('a request by %s', (_name, send) => {
    it.each<[string, object]>([
      ['id', { id: '1' }],
      ['operationKind', { operationKind: 'query' }],
      ['onError', { onError: 'PROPAGATE' }],
      ['documentId', { documentId: 'sha256:abc' }],
      ['client metadata', { clientInfo: { name: 'web', version: '1' }, doc_id: 7, key: null }],
      ['a name of the prototype', JSON.parse('{"__proto__":{"query":7},"constructor":1}')],
    ])('may contain a member that the gateway does not use: %s', async (_extra, extra) => {
      const body = JSON.stringify({ ...extra, query: QUERY, variables: { first: 1 } });

      expect(await send(gateway, body)).toContain('"edges":[]');
    });

    it('may begin with a byte order mark', async () => {
      const body = JSON.stringify({ query: QUERY, variables: { first: 1 } });

      expect(await send(gateway, BYTE_ORDER_MARK + body)).toContain('"edges":[]');
    });

    it.each([
      ['variables that are a list', { query: QUERY, variables: [] }],
      ['variables that are a text', { query: QUERY, variables: '{}' }],
      ['the query under another name', { id: '1', doc: QUERY }],
      ['a query that is no text', { query: [QUERY], id: '1' }],
    ])('must not contain %s', async (_fault, body) => {
      const answer = await send(gateway, JSON.stringify(body));

      expect(answer).toMatch(/"errors":\[|^closed with 4400$/);
      expect(answer).not.toContain('"data":');
    });
  });

  it.each(Object.entries(SENDERS))(
    'a request by %s may name a trusted document among other members',
    async (_name, send) => {
      const list = fileURLToPath(new URL('generated/persisted-documents.json', import.meta.url));
      const documents: Record<string, string> = JSON.parse(readFileSync(list, 'utf8'));
      const documentId = Object.keys(documents).find((id) =>
        documents[id]?.includes('query ReadVideos'),
      );
      const env = { THIN_PATH: thinPath, TRUSTED_DOCUMENTS: list };
      await using trusting = await startGateway(upstream, env);

      const body = {
        id: '1',
        documentId,
        onError: 'PROPAGATE',
        query: '',
        variables: { first: 1 },
      };

      expect(await send(trusting, JSON.stringify(body))).toContain('"edges":[]');
    },
  );

  it('a second byte order mark is not skipped', async () => {
    const body = BYTE_ORDER_MARK + BYTE_ORDER_MARK + JSON.stringify({ query: QUERY });

    expect(await post('application/json')(gateway, body)).toMatch(/^400 /);
  });
});

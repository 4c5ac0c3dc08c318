import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  ExtendDocument,
  type ExtendVideoInput,
  OnExtendedDocument,
  OnUpdatedDocument,
} from './generated/graphql.ts';
import { backdate } from './support/backdate.ts';
import { readCallbackUrl } from './support/callback.ts';
import { makeFolder } from './support/folder.ts';
import { INPUT } from './support/operations.ts';
import { type Collector, type OtlpSpan, startCollector } from './support/otlp.ts';
import { type GatewayProcess, startGatewayProcess } from './support/process.ts';
import { openSocket } from './support/socket.ts';
import { bearerOf, JWT_SECRET } from './support/tokens.ts';

const KEY = 'canary-upstream-key';
const TELL_MODULES = new URL('support/print-modules.ts', import.meta.url).href;
const EXTEND = 'POST /api/v1/runway/extend';

/** The mutation by a POST of the test's own, with further headers of a client. */
async function extend(
  gateway: GatewayProcess,
  prompt: string,
  headers: Record<string, string> = {},
  changes: Partial<ExtendVideoInput> = {},
): Promise<{ id: string; taskId: string }> {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      query: ExtendDocument.toString(),
      variables: { input: { ...INPUT, prompt, ...changes } },
    }),
  });
  const { data } = (await response.json()) as {
    data: { extendVideo: { video: { id: string; taskId: string } } };
  };
  return data.extendVideo.video;
}

function findOf(collector: Collector, name: string, id: string): Promise<OtlpSpan> {
  return collector.find((span) => span.name === name && span.attributes['longtake.video'] === id);
}

describe('a trace', () => {
  it('connects the mutation, the POST, the callback and the delivery', async () => {
    await using collector = await startCollector();
    await using sandbox = await startSandbox({ autoplay: false, apiKey: KEY });
    const env = { ...collector.env, APIKLEY_API_KEY: KEY, AUTH_JWT_SECRET: JWT_SECRET };
    await using gateway = await startGatewayProcess(sandbox, env);
    const authorization = bearerOf('anna');
    const socket = await openSocket(gateway.url, authorization);
    const events = socket.subscribe(OnExtendedDocument, {});
    const { id, taskId } = await extend(gateway, 'canary-prompt', { authorization });
    await sandbox.complete(taskId);
    await events.next();

    const delivery = await findOf(collector, 'deliver completion', id);
    const callback = await findOf(collector, 'POST /callbacks/…', id);
    const submit = await findOf(collector, 'submit', id);
    const post = await collector.find(({ name }) => name === EXTEND);
    const mutation = await collector.find(({ spanId }) => spanId === submit.parentSpanId);
    await socket.close();
    const log = await gateway.stop();

    expect(mutation).toMatchObject({ name: 'POST /graphql', kind: 2 });
    expect(mutation.parentSpanId ?? '').toBe('');
    expect(mutation.attributes['http.response.status_code']).toBe(200);
    for (const span of [post, callback, delivery]) expect(span.parentSpanId).toBe(submit.spanId);
    const spans = [mutation, submit, post, callback, delivery];
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(post.attributes['longtake.upstream.code']).toBe('200');
    expect(callback.attributes).toMatchObject({
      'http.response.status_code': 200,
      'longtake.callback.outcome': 'succeeded',
    });
    expect(collector.resources[0]).toMatchObject({ 'service.name': 'longtake' });
    // Each line about the task leads to its trace.
    const lines = log.split('\n').filter((line) => line.includes(id));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      expect(line).toContain(`"trace":"${submit.traceId}"`);
      expect(line).toMatch(/"req":"[\w-]+".*"taskId":"|"taskId":".*"req":"[\w-]+"/);
    }

    const { token, url } = readCallbackUrl(sandbox.requests[0]?.body);
    const all = collector.received.join('\n');
    for (const secret of [token, url, KEY, authorization.slice(7), 'Bearer', 'canary']) {
      expect(all).not.toContain(secret);
    }
  });

  it('continues the trace of the client, also to an end that a read has found', async () => {
    await using collector = await startCollector();
    await using sandbox = await startSandbox({ autoplay: false });
    const env = { ...collector.env, RECONCILE_AFTER_MS: '50' };
    await using gateway = await startGatewayProcess(sandbox, env);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const { id, taskId } = await extend(gateway, '#callback-lost', { traceparent });
    const socket = await openSocket(gateway.url);
    const updates = socket.subscribe(OnUpdatedDocument, { taskId });
    await sandbox.complete(taskId);
    await updates.rest();

    const submit = await findOf(collector, 'submit', id);
    const look = await findOf(collector, 'reconcile', id);
    const read = await collector.find(({ parentSpanId }) => parentSpanId === look.spanId);
    await socket.close();

    expect(read.name).toBe('GET /api/v1/runway/record-detail');
    for (const span of [submit, look, read]) expect(span.traceId).toBe(traceId);
    expect(JSON.stringify(collector.spans)).not.toContain(taskId);
  });

  it('contains the code of a refusal, and no text', async () => {
    await using collector = await startCollector();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox, collector.env);
    const { extendVideo } = (
      await gateway.graphql(ExtendDocument, { input: { ...INPUT, prompt: '#451' } })
    ).data;

    const submit = await collector.find(({ name }) => name === 'submit');

    expect(extendVideo.__typename).toBe('SourceUnavailableError');
    expect(submit).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': 'SOURCE_UNAVAILABLE' },
    });
  });

  it('continues in the process that sends a scheduled submit', async () => {
    await using collector = await startCollector();
    await using sandbox = await startSandbox({ autoplay: false });
    await using folder = await makeFolder();
    const env = { ...collector.env, DATABASE_URL: `sqlite:${folder.path}/gateway.db` };
    const first = await startGatewayProcess(sandbox, env);
    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await extend(first, INPUT.prompt, {}, { notBefore });
    await first.stop();
    // The hour is over.
    backdate({ folder: folder.path }, 'update video set not_before = not_before - 3600000');
    backdate({ folder: folder.path }, 'update lane set resume_at = 0');
    await using second = await startGatewayProcess(sandbox, env);

    const submit = await findOf(collector, 'submit', id);
    const dispatch = await findOf(collector, 'dispatch', id);
    const post = await collector.find(({ name }) => name === EXTEND);
    await sandbox.nextRequest();
    const log = await second.stop();

    expect(dispatch).toMatchObject({ traceId: submit.traceId, parentSpanId: submit.spanId });
    expect(post).toMatchObject({ traceId: submit.traceId, parentSpanId: dispatch.spanId });
    expect(Number(dispatch.attributes['longtake.waited_ms'])).toBeGreaterThanOrEqual(0);
    const sent = log.split('\n').find((line) => line.includes('submit confirmed'));
    expect(sent).toContain(`"trace":"${submit.traceId}"`);
  });
});

describe('without OTEL_* variables', () => {
  it.each([
    ['nothing is set', {}],
    [
      'the SDK is disabled',
      { OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
    ],
    [
      'traces go nowhere',
      { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
    ],
  ])('no SDK is loaded: %s', async (_name, settings) => {
    await using sandbox = await startSandbox({ autoplay: false });
    const env = { ...settings, NODE_OPTIONS: `--import=${TELL_MODULES}` };
    await using gateway = await startGatewayProcess(sandbox, env);
    await extend(gateway, INPUT.prompt);

    const said = await gateway.stop();

    expect(said).not.toContain('loaded @opentelemetry/sdk');
    expect(said).not.toContain('"trace"');
    // prom-client loads the API, which is small.
    expect(said).toContain('loaded @opentelemetry/api');
  });
});

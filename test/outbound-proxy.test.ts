/** Calls to the upstream and to buckets through Debian's tinyproxy, as HTTPS_PROXY and HTTP_PROXY ask for them. */

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { keepUrl } from '../src/config/keep-url.ts';
import type { Finding } from '../src/doctor/finding.ts';
import { DestinationError } from '../src/files/destination.ts';
import { openDestination } from '../src/files/open-destination.ts';
import { requireProxySupport } from '../src/files/s3/requests.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { ExtendDocument, ReadVideoDocument } from './generated/graphql.ts';
import { makeCertificates } from './support/certificates.ts';
import { makeFolder } from './support/folder.ts';
import { untilKept } from './support/keeping.ts';
import { extend, INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { runProgram } from './support/program.ts';
import { startS3 } from './support/s3.ts';
import { answerJson, startScriptedUpstream } from './support/scripted-upstream.ts';
import { HAS_TINYPROXY, startTinyproxy } from './support/tinyproxy.ts';
import { startTlsFront } from './support/tls-front.ts';

/** Leads to this machine, and is not one of the names for it that are never proxied. */
const HOST = '0.0.0.0';

function startUpstream() {
  return startScriptedUpstream(({ method, query }, response) => {
    const taskId = method === 'POST' ? 'task-1' : query.get('taskId');
    answerJson(response, { code: 200, msg: 'success', data: { taskId, state: 'generating' } });
  });
}

async function readRoute(env: Record<string, string>): Promise<Finding | undefined> {
  const full = { APIKLEY_API_KEY: 'sandbox-key', PORT: '9', ...env };
  const { stdout } = await runProgram('doctor/main.ts', full, { args: ['--json'] });
  const findings = JSON.parse(stdout) as Finding[];
  return findings.find(({ message }) => message.startsWith('calls go out'));
}

describe.skipIf(!HAS_TINYPROXY)('calls to the upstream', () => {
  it('use the tunnel of HTTPS_PROXY, and the doctor reports it', async () => {
    await using folder = await makeFolder();
    const certificates = await makeCertificates(folder.path, HOST);
    await using upstream = await startUpstream();
    await using front = await startTlsFront(upstream, certificates);
    await using proxy = await startTinyproxy();
    const url = `https://${HOST}:${front.port}`;
    const env = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: certificates.authority };
    await using gateway = await startGatewayProcess({ url }, env);

    const { data } = await gateway.graphql(ExtendDocument, { input: INPUT });
    const read = await gateway.graphql(ReadVideoDocument, { taskId: 'elsewhere' });

    expect(data.extendVideo).toMatchObject({ __typename: 'ExtendVideoSuccess' });
    expect(read.data.video).toMatchObject({ taskId: 'elsewhere', state: 'GENERATING' });
    expect(upstream.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(await proxy.log()).toContain(`CONNECT ${HOST}:${front.port}`);
    expect(await readRoute({ ...env, UPSTREAM_URL: url })).toMatchObject({
      level: 'ok',
      message: `calls go out through the proxy ${proxy.url}`,
    });
  });

  it('to an http upstream use http_proxy, unless NO_PROXY names the host', async () => {
    await using upstream = await startUpstream();
    await using proxy = await startTinyproxy();
    const url = upstream.url.replace('127.0.0.1', HOST);
    // As curl reads it: in small letters, and without a scheme.
    const env = { http_proxy: proxy.url.replace('http://', '') };
    await using through = await startGatewayProcess({ url }, env);
    await using past = await startGatewayProcess({ url }, { ...env, NO_PROXY: `x.test, ${HOST}` });

    const answers = [
      await through.graphql(ExtendDocument, { input: INPUT }),
      await past.graphql(ExtendDocument, { input: INPUT }),
    ];

    for (const { data } of answers) expect(data.extendVideo.__typename).toBe('ExtendVideoSuccess');
    const via = upstream.requests.map(({ headers }) => headers.via);
    expect(via).toEqual([expect.stringContaining('tinyproxy'), undefined]);
    expect(await readRoute({ ...env, NO_PROXY: HOST, UPSTREAM_URL: url })).toMatchObject({
      message: 'calls go out directly, without a proxy',
    });
  });

  it('that the proxy refuses have not left', async () => {
    await using proxy = await startTinyproxy();
    await using gateway = await startGatewayProcess(
      { url: 'https://upstream.invalid' },
      { HTTPS_PROXY: proxy.url, AUTH: 'none' },
    );

    const { data } = await gateway.graphql(ExtendDocument, { input: INPUT });

    expect(data.extendVideo).toMatchObject({
      __typename: 'UpstreamUnreachableError',
      retryable: true,
    });
    expect(await proxy.log()).toContain('upstream.invalid');
  });
});

describe.skipIf(!HAS_TINYPROXY)('copies in a bucket', () => {
  it('are written through the tunnel of HTTPS_PROXY', async () => {
    await using folder = await makeFolder();
    const certificates = await makeCertificates(folder.path, HOST);
    await using store = await startS3();
    const endpoint = new URL(store.url).searchParams.get('endpoint') ?? '';
    await using front = await startTlsFront({ url: endpoint }, certificates);
    await using proxy = await startTinyproxy();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGatewayProcess(sandbox, {
      ...store.env,
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: certificates.authority,
      KEEP_URL: store.url.replace(endpoint, `https://${HOST}:${front.port}`),
    });
    const { id, taskId } = await extend(gateway);

    await sandbox.complete(taskId);

    const { videoUrl } = await untilKept(gateway, id);
    expect(await store.listKeys()).toContain(`kept/${id}/film-1.mp4`);
    expect(await proxy.log()).toContain(`CONNECT ${HOST}:${front.port}`);
    // Browsers do not use this proxy.
    expect(videoUrl).toMatch(`https://${HOST}:${front.port}/`);
  });

  it('at an http endpoint use HTTP_PROXY, unless NO_PROXY names the host', async () => {
    await using store = await startS3();
    await using proxy = await startTinyproxy();
    const url = keepUrl.parse(store.url.replace('127.0.0.1', HOST));
    const settings = { KEEP_MAX_BYTES: 1_000_000, HTTP_PROXY: proxy.url };
    Object.assign(process.env, store.env);
    const through = await openDestination(url, { ...settings, NO_PROXY: [] });
    const past = await openDestination(url, { ...settings, NO_PROXY: [HOST] });

    await past.remove('x/film-1.mp4');
    const before = await proxy.log();
    await through.remove('x/film-1.mp4');
    const after = await proxy.log();

    expect(before).not.toContain('DELETE');
    expect(after).toContain('DELETE');
    for (const destination of [through, past]) destination.close();
    for (const name of Object.keys(store.env)) delete process.env[name];
  });

  it('need a version of Node whose agents know proxies, and the start says so', () => {
    expect(() => requireProxySupport('v24.4.1')).toThrow(
      'needs Node 24.5 or newer, and this is v24.4.1',
    );
    for (const version of ['v24.5.0', 'v26.0.0', process.version]) requireProxySupport(version);
  });

  it('that the proxy refuses fail with its answer and without its password', async () => {
    await using store = await startS3();
    await using proxy = await startTinyproxy();
    const url = keepUrl.parse(
      's3://films?region=us-east-1&endpoint=https://store.invalid&forcePathStyle=true',
    );
    Object.assign(process.env, store.env);
    const HTTPS_PROXY = proxy.url.replace('//', '//user:secret@');
    const settings = { KEEP_MAX_BYTES: 1_000_000, HTTPS_PROXY, NO_PROXY: [] };
    const destination = await openDestination(url, settings);

    const removing = destination.remove('x/film-1.mp4');
    const error: unknown = await removing.catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(DestinationError);
    expect(String(error)).toContain('the outbound proxy refuses');
    expect(String(error)).toContain('500 Unable to connect');
    expect(inspect(error, { depth: null })).not.toContain('secret');
    destination.close();
    for (const name of Object.keys(store.env)) delete process.env[name];
  });
});

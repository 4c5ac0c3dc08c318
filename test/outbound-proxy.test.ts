/** Upstream calls through Debian's tinyproxy, as HTTPS_PROXY and HTTP_PROXY ask for them. */

import { describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { ExtendDocument, ReadVideoDocument } from './generated/graphql.ts';
import { makeCertificates } from './support/certificates.ts';
import { makeFolder } from './support/folder.ts';
import { INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';
import { runProgram } from './support/program.ts';
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

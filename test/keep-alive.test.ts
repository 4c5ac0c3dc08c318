/** How long an idle HTTP connection stays open: longer than a load balancer would use it. */

import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openBareConnection } from './support/frames.ts';
import { startGateway } from './support/gateway.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

/** The longest one of a common load balancer that cannot be set (docs/deploying.md). */
const MAX_FIXED_S = 900;
const REQUEST = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n';

describe('KEEP_ALIVE_MS', () => {
  it('is announced, and longer than the fixed limits of common load balancers', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const { headers } = await fetch(`${gateway.url}/health`);

    const seconds = Number(/^timeout=(\d+)$/.exec(headers.get('keep-alive') ?? '')?.[1]);
    expect(seconds).toBeGreaterThan(MAX_FIXED_S);
  });

  it('closes a connection after its last answer, and not before a second request', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream, { KEEP_ALIVE_MS: '1' });
    const connection = openBareConnection(gateway.url);

    connection.socket.write(REQUEST + REQUEST);
    await connection.closed;

    expect(connection.received.match(/"status":"ok"/g)).toHaveLength(2);
  });

  it.each(['0', '-1', '86400001', '1 min'])('refuses %s', (value) => {
    expect(() => readConfig({ APIKLEY_API_KEY: 'key', KEEP_ALIVE_MS: value })).toThrow(
      /KEEP_ALIVE_MS: must be a whole number from 1 to 86400000/,
    );
  });
});

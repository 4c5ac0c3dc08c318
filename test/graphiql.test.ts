import { describe, expect, it } from 'vitest';
import { startGateway } from './support/gateway.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

/** What browsers send when somebody types an address. */
const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

describe('the GraphiQL page', () => {
  it('is compressed, and its policy allows only its own resources', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const response = await fetch(`${gateway.url}/graphql`, { headers: { accept: ACCEPT } });
    const html = await response.text();

    const { headers } = response;
    expect(response.status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('content-encoding')).toBe('gzip');
    expect(Number(headers.get('content-length') ?? 0)).toBeLessThan(html.length / 2);
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources.join(' ')];
      }),
    );
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('script-src')).toMatch(/^'sha256-[A-Za-z0-9+/]+='$/);
    expect(policy.get('connect-src')).toBe("'self'");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(html).toContain('<title>Longtake</title>');
  });

  it('is sent to browsers only: clients that accept anything get JSON', async () => {
    await using upstream = await startScriptedUpstream(() => {});
    await using gateway = await startGateway(upstream);

    const plain = await fetch(`${gateway.url}/graphql`, { headers: { accept: '*/*' } });
    const query = await fetch(`${gateway.url}/graphql?query=%7B__typename%7D`);

    expect(plain.headers.get('content-type')).toContain('json');
    expect(await query.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

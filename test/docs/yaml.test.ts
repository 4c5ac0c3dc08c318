import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { startGateway } from '../support/gateway.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { readBlocks } from './support/blocks.ts';

/** @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config */
const Prometheus = z.strictObject({
  scrape_configs: z.array(
    z.strictObject({
      job_name: z.string(),
      authorization: z.strictObject({ credentials_file: z.string() }),
      static_configs: z.array(
        z.strictObject({ targets: z.array(z.string().regex(/^[\w-]+:4000$/)) }),
      ),
    }),
  ),
});

describe('the settings of Prometheus', () => {
  it.each(readBlocks().filter(({ language }) => language === 'yaml'))(
    'at $at scrape the metrics with the token, and fail without it',
    async ({ text }) => {
      await using stack = new AsyncDisposableStack();
      const upstream = stack.adopt(await startScriptedUpstream(() => {}), (it) => it.close());
      const gateway = stack.use(await startGateway(upstream, { METRICS_TOKEN: 't'.repeat(32) }));

      // A scrape is a GET of /metrics with the credentials as a bearer token.
      const { scrape_configs: jobs } = Prometheus.parse(parse(text));
      const scrape = (headers: Record<string, string>) =>
        fetch(`${gateway.url}/metrics`, { headers });

      expect(jobs).toHaveLength(1);
      expect((await scrape({ authorization: `Bearer ${'t'.repeat(32)}` })).status).toBe(200);
      expect((await scrape({})).status).toBe(401);
    },
  );
});

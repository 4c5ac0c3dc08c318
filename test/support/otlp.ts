/** A collector of traces: what a gateway exports by OTLP over HTTP in JSON. */

import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const Attributes = z
  .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
  .default([])
  .transform((list) =>
    Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]])),
  );

const OtlpSpan = z.object({
  name: z.string(),
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  kind: z.number(),
  attributes: Attributes,
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
});
export type OtlpSpan = z.output<typeof OtlpSpan>;

const Export = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(OtlpSpan) })),
    }),
  ),
});

export interface Collector extends AsyncDisposable {
  /** What turns a gateway's tracing on, so that it sends what there is to here at once. */
  readonly env: Record<string, string>;
  readonly spans: readonly OtlpSpan[];
  readonly resources: readonly Readonly<Record<string, unknown>>[];
  /** All that was sent, as it came: addresses, headers and bodies. */
  readonly received: readonly string[];
  /** Resolves with the first span that matches, once it has come. */
  find(matches: (span: OtlpSpan) => boolean): Promise<OtlpSpan>;
}

export async function startCollector(): Promise<Collector> {
  const spans: OtlpSpan[] = [];
  const resources: Readonly<Record<string, unknown>>[] = [];
  const received: string[] = [];
  const news = new EventEmitter();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = await request.toArray();
    const body = Buffer.concat(chunks).toString();
    received.push(`${request.url} ${JSON.stringify(request.headers)} ${body}`);
    for (const { resource, scopeSpans } of Export.parse(JSON.parse(body)).resourceSpans) {
      resources.push(resource.attributes);
      spans.push(...scopeSpans.flatMap((scope) => scope.spans));
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    news.emit('spans');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    },
    spans,
    resources,
    received,
    async find(matches) {
      for (;;) {
        const found = spans.find(matches);
        if (found) return found;
        await once(news, 'spans');
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

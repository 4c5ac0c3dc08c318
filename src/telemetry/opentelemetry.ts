/**
 * Traces by OTLP, configured by the standard `OTEL_*` variables. Loaded only if they enable it, because it
 * takes half a second and 15 MiB. Spans are created by hand, because the instrumentation packages for HTTP
 * record URLs, and a callback's URL is a secret.
 */

import {
  type Context,
  context,
  type DiagLogger,
  DiagLogLevel,
  diag,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import type { Logger } from 'pino';
import { GatewayError } from '../errors.ts';
import { within } from '../within.ts';
import type { NewSpan, Span, Tracing } from './tracing.ts';

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
} as const;

/** How long a shutdown waits for a collector that does not answer. */
const CLOSE_WITHIN_MS = 2_000;

export function startTracing(version: string, log: Logger): Tracing {
  const sdk = startNodeSdk({
    // The OTEL_* variables override these defaults.
    baseResource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': 'longtake', 'service.version': version }),
    ),
    // Metrics go to Prometheus and log lines to pino.
    metricReaders: [],
    logRecordProcessors: [],
  });
  diag.setLogger(toDiagLogger(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  const tracer = trace.getTracer('longtake', version);

  function start({ name, kind = 'internal', attributes, parent, link, begun }: NewSpan): Span {
    const from = toParent(parent);
    const linked = link === undefined ? null : parseTraceparent(link);
    const span = tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        ...(attributes && { attributes: { ...attributes } }),
        ...(linked && { links: [{ context: linked }] }),
        ...(begun !== undefined && { startTime: begun }),
      },
      from,
    );
    const within = trace.setSpan(from, span);
    return {
      traceparent: toTraceparent(span.spanContext()),
      set: (key, value) => void span.setAttribute(key, value),
      run: (work) => context.with(within, work),
      end(error, at) {
        if (error !== undefined) {
          span.setAttribute('error.type', toErrorType(error));
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end(at);
      },
    };
  }

  return {
    isOn: true,
    start,
    traceId: () => trace.getSpanContext(context.active())?.traceId,
    async close() {
      await within(
        CLOSE_WITHIN_MS,
        sdk.shutdown().catch(() => undefined),
        undefined,
      );
    },
  };
}

function toParent(parent: NewSpan['parent']): Context {
  if (parent === undefined) return context.active();
  if (parent === null) return ROOT_CONTEXT;
  if (typeof parent === 'object') return propagation.extract(ROOT_CONTEXT, parent);
  const known = parseTraceparent(parent);
  return known ? trace.setSpanContext(ROOT_CONTEXT, known) : ROOT_CONTEXT;
}

/** @see https://www.w3.org/TR/trace-context/#traceparent-header */
function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

function parseTraceparent(text: string): SpanContext | null {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? [];
  const known = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(known) ? known : null;
}

/** Not the message, which may quote a client's data. */
function toErrorType(error: unknown): string {
  if (error instanceof GatewayError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

function toDiagLogger(log: Logger): DiagLogger {
  const say = (level: 'warn' | 'error') => (message: string) =>
    log[level]({ component: 'opentelemetry' }, message);
  return { error: say('error'), warn: say('warn'), info() {}, debug() {}, verbose() {} };
}

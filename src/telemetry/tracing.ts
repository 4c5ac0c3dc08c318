/** Spans, for those who make them: they know this and not OpenTelemetry. */

export interface NewSpan {
  /** Of a small set: no id, no address. */
  readonly name: string;
  readonly kind?: 'server' | 'client' | 'internal' | 'producer';
  /** Never a URL of a callback, a header, a prompt: whoever reads traces may see all of it. */
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** What a row keeps (W3C traceparent), or the headers that came; the active span otherwise. */
  readonly parent?: string | null | Readonly<Record<string, string | string[] | undefined>>;
  /** A traceparent of another trace that has to do with this one. */
  readonly link?: string | undefined;
  /** Epoch milliseconds, where it began earlier. */
  readonly begun?: number;
}

export interface Span {
  /** To be kept in a row; null where nothing is traced. */
  readonly traceparent: string | null;
  set(name: string, value: string | number): void;
  /** What is begun in there is its child. */
  run<T>(work: () => T): T;
  /** Only the class or code of an error is told. */
  end(error?: unknown, at?: number): void;
}

export interface Tracing {
  /** False: everything below does nothing, and callers in a hurry need not call it. */
  readonly isOn: boolean;
  start(span: NewSpan): Span;
  /** The id of the trace that is active here. */
  traceId(): string | undefined;
  /** Sends what is left. */
  close(): Promise<void>;
}

const NO_SPAN: Span = { traceparent: null, set() {}, run: (work) => work(), end() {} };

export const NO_TRACING: Tracing = {
  isOn: false,
  start: () => NO_SPAN,
  traceId: () => undefined,
  close: async () => {},
};

/** Runs the work in a span that ends with it. */
export async function inSpan<T>(
  tracing: Tracing,
  span: NewSpan,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const begun = tracing.start(span);
  try {
    const result = await begun.run(() => work(begun));
    begun.end();
    return result;
  } catch (error) {
    begun.end(error);
    throw error;
  }
}

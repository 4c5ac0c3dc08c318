/** The interface for tracing. Callers do not depend on OpenTelemetry. */

export interface NewSpan {
  /** One of a small set of names; never an id or a URL. */
  readonly name: string;
  readonly kind?: 'server' | 'client' | 'internal' | 'producer';
  /** Never a callback URL, a header or a prompt, because anyone with access to traces can read it. */
  readonly attributes?: Readonly<Record<string, string | number>>;
  /** A row's traceparent (W3C) or the headers of a request; by default the active span. */
  readonly parent?: string | null | Readonly<Record<string, string | string[] | undefined>>;
  /** The traceparent of a related trace. */
  readonly link?: string | undefined;
  /** Epoch milliseconds, for a span that started earlier. */
  readonly begun?: number;
}

export interface Span {
  /** To be stored in a row; null without tracing. */
  readonly traceparent: string | null;
  set(name: string, value: string | number): void;
  /** Runs `work` with this span as the active one. */
  run<T>(work: () => T): T;
  /** Records the class or code of an error, and not its message. */
  end(error?: unknown, at?: number): void;
}

export interface Tracing {
  /** When false, everything below does nothing, and hot paths need not call it. */
  readonly isOn: boolean;
  start(span: NewSpan): Span;
  /** The id of the active trace. */
  traceId(): string | undefined;
  /** Sends the remaining spans. */
  close(): Promise<void>;
}

const NO_SPAN: Span = { traceparent: null, set() {}, run: (work) => work(), end() {} };

export const NO_TRACING: Tracing = {
  isOn: false,
  start: () => NO_SPAN,
  traceId: () => undefined,
  close: async () => {},
};

/** Runs `work` inside a span, which ends together with it. */
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

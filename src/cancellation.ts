/** Cancellation of what a caller waits for. */

/** The reason of a cancellation without one: the caller has left, which is not an error. */
export const CALLER_LEFT = new Error('The caller has left.');

/** Something that ends together with a cancellation. */
export interface Dependent {
  end(reason?: unknown): void;
}

/**
 * An AbortController that takes a fraction of its memory: thousands are open at a time. The signal is
 * created only when it is needed.
 */
export class Cancellation implements Dependent {
  /** Undefined until it is cancelled. */
  private cause: { readonly reason: unknown } | undefined;
  private controller: AbortController | undefined;
  /** Most have at most one dependent, for which a set would be large. */
  private dependents: Dependent | Set<Dependent> | undefined;

  get isOver(): boolean {
    return this.cause !== undefined;
  }

  /** Why it was cancelled; undefined before, and without a reason. */
  get reason(): unknown {
    return this.cause?.reason;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.cause) this.controller.abort(this.cause.reason ?? CALLER_LEFT);
    return this.controller.signal;
  }

  /** Ends the dependent on cancellation, or at once after it. */
  add(dependent: Dependent): void {
    if (this.cause) dependent.end(this.cause.reason);
    else if (this.dependents instanceof Set) this.dependents.add(dependent);
    else if (this.dependents) this.dependents = new Set([this.dependents, dependent]);
    else this.dependents = dependent;
  }

  remove(dependent: Dependent): void {
    if (this.dependents instanceof Set) this.dependents.delete(dependent);
    else if (this.dependents === dependent) this.dependents = undefined;
  }

  /** Only the first call counts. */
  end(reason?: unknown): void {
    if (this.cause) return;
    this.cause = { reason };
    this.controller?.abort(reason ?? CALLER_LEFT);
    const { dependents } = this;
    this.dependents = undefined;
    if (dependents instanceof Set) for (const dependent of dependents) dependent.end(reason);
    else dependents?.end(reason);
  }
}

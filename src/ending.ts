/** The end of somebody's interest, for what has to stop with it. */

/** What is thrown out of a wait whose end came without a reason; it is nobody's fault. */
export const CALLER_LEFT = new Error('The caller has left.');

/** What ends with something else. */
export interface Dependent {
  end(reason?: unknown): void;
}

/**
 * What an AbortController is, for a fraction of its memory: thousands are open at a time, and few of
 * them ever need the signal, which is made when it is asked for.
 */
export class Ending implements Dependent {
  /** Undefined while it has not come. */
  private cause: { readonly reason: unknown } | undefined;
  private controller: AbortController | undefined;
  /** Most have one or none, for which a set would be large. */
  private dependents: Dependent | Set<Dependent> | undefined;

  get isOver(): boolean {
    return this.cause !== undefined;
  }

  /** Why it came; undefined before, and where nothing was said. */
  get reason(): unknown {
    return this.cause?.reason;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.cause) this.controller.abort(this.cause.reason ?? CALLER_LEFT);
    return this.controller.signal;
  }

  /** Ends this too when it comes, or at once if it has come. */
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

  /** Only the first one counts. */
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

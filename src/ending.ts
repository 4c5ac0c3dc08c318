/** The end of somebody's interest, for what has to stop with it. */

/** What is thrown out of a wait whose end came without a reason; it is nobody's fault. */
export const CALLER_LEFT = new Error('The caller has left.');

/**
 * What an AbortController is, for a fraction of its memory: thousands are open at a time, and few of
 * them ever need the signal, which is made when it is asked for.
 */
export class Ending {
  /** Undefined while it has not come. */
  private cause: { readonly reason: unknown } | undefined;
  private controller: AbortController | undefined;
  private callbacks: ((reason: unknown) => void)[] | undefined;

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

  /** Calls back when it comes, or at once if it has come; returns how to be called no more. */
  onEnd(callback: (reason: unknown) => void): () => void {
    if (this.cause) {
      callback(this.cause.reason);
      return () => {};
    }
    this.callbacks = [...(this.callbacks ?? []), callback];
    return () => {
      this.callbacks = this.callbacks?.filter((other) => other !== callback);
    };
  }

  /** Only the first one counts. */
  end(reason?: unknown): void {
    if (this.cause) return;
    this.cause = { reason };
    this.controller?.abort(reason ?? CALLER_LEFT);
    const callbacks = this.callbacks ?? [];
    this.callbacks = undefined;
    for (const callback of callbacks) callback(reason);
  }
}

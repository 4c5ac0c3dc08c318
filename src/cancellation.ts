/** Cancels the reads and waits of a caller that has left. */

/** The default reason. It is not an error: no caller waits for the result any more. */
export const CALLER_LEFT = new Error('The client has disconnected.');

/** Something that stops when a cancellation says so. */
export interface Cancellable {
  cancel(reason?: unknown): void;
}

/**
 * Like an AbortController, but it takes a fraction of the memory: thousands are open at a time. The
 * AbortSignal is created only when it is read, because few of them need one.
 */
export class Cancellation implements Cancellable {
  /** Undefined until cancelled. */
  private cause: { readonly reason: unknown } | undefined;
  private controller: AbortController | undefined;
  /** Most have one dependent or none, for which a Set would take too much memory. */
  private dependents: Cancellable | Set<Cancellable> | undefined;

  get isCancelled(): boolean {
    return this.cause !== undefined;
  }

  /** Undefined until cancelled, and when no reason was given. */
  get reason(): unknown {
    return this.cause?.reason;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.cause) this.controller.abort(this.cause.reason ?? CALLER_LEFT);
    return this.controller.signal;
  }

  /** Cancels `dependent` together with this; at once if this is cancelled already. */
  add(dependent: Cancellable): void {
    if (this.cause) dependent.cancel(this.cause.reason);
    else if (this.dependents instanceof Set) this.dependents.add(dependent);
    else if (this.dependents) this.dependents = new Set([this.dependents, dependent]);
    else this.dependents = dependent;
  }

  remove(dependent: Cancellable): void {
    if (this.dependents instanceof Set) this.dependents.delete(dependent);
    else if (this.dependents === dependent) this.dependents = undefined;
  }

  /** Only the first call has an effect. */
  cancel(reason?: unknown): void {
    if (this.cause) return;
    this.cause = { reason };
    this.controller?.abort(reason ?? CALLER_LEFT);
    const { dependents } = this;
    this.dependents = undefined;
    if (dependents instanceof Set) for (const dependent of dependents) dependent.cancel(reason);
    else dependents?.cancel(reason);
  }
}

/** A client's interest in an answer, and its end. */

import type { Caller } from '../context.ts';

/**
 * Whose request it is, with a signal that is made only when it is asked for: most answers need none.
 * A class, because an accessor on each object of its own would cost more than it saves.
 */
export class Requester implements Caller {
  readonly owner: string;
  private controller: AbortController | undefined;
  private end: { readonly reason: unknown } | undefined;

  constructor(owner: string) {
    this.owner = owner;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.end) this.controller.abort(this.end.reason);
    return this.controller.signal;
  }

  /** What was begun for it ends, unless it has been paid for. */
  abort(reason?: unknown): void {
    this.end ??= { reason };
    this.controller?.abort(this.end.reason);
  }
}

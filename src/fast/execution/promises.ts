/** What comes at once or later. */

/** Goes on with a value when it is there: at once, if it already is. */
export function whenThere<T>(
  value: unknown,
  next: (value: unknown) => T | Promise<T>,
): T | Promise<T> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Before a throw: nobody will wait for what comes later, and its failures have no place any more. */
export function abandon(values: readonly unknown[] | null): void {
  for (const value of values ?? []) {
    if (Array.isArray(value)) abandon(value);
    else if (isPromiseLike(value)) Promise.resolve(value).catch(() => undefined);
  }
}

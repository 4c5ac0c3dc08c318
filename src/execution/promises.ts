/** What comes at once or later. */

/** Goes on with a value when it is there: at once, if it already is. */
export function whenThere<T>(
  value: unknown,
  next: (value: unknown) => T | Promise<T>,
): T | Promise<T> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Before a throw: nobody will wait for them, and what they fail with has no place any more. */
export function abandon(promises: readonly Promise<unknown>[] | null): void {
  for (const promise of promises ?? []) promise.catch(() => undefined);
}

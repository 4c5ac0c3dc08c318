/** Helpers for values that may be promises. */

/** Calls `next` with the value: at once, or when its promise resolves. */
export function whenThere<T>(
  value: unknown,
  next: (value: unknown) => T | Promise<T>,
): T | Promise<T> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Before a throw: ignores rejections of promises that nothing will await. */
export function abandon(values: readonly unknown[] | null): void {
  for (const value of values ?? []) {
    if (Array.isArray(value)) abandon(value);
    else if (isPromiseLike(value)) Promise.resolve(value).catch(() => undefined);
  }
}

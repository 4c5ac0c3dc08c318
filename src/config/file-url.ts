/** `sqlite:PATH` and `file:PATH`. */

import { posix } from 'node:path';

/**
 * Explains why a URL such as `sqlite://data/gateway.db` is refused; null for any other. It is meant as a
 * relative path, but was read as an absolute one, so somebody's data may be there.
 */
export function explainHost(url: string): string | null {
  const [, scheme, path] = /^(sqlite|file):\/\/([^/].*)$/s.exec(url) ?? [];
  if (!scheme || !path) return null;
  const absolute = posix.resolve('/', path);
  return `was read as ${absolute} by earlier versions. To keep using it, write ${scheme}://${absolute}; a path relative to the working directory is ${scheme}:${path}`;
}

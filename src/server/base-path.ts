/** BASE_PATH: the path prefix of every endpoint, removed before any other code reads a path. */

import type { IncomingMessage } from 'node:http';
import { toOriginForm } from './request-headers.ts';

/** Converts the request's target to a path without BASE_PATH; to an empty one if it is not below it. */
export type NormaliseTarget = (request: IncomingMessage) => void;

export function createNormaliseTarget(basePath: string): NormaliseTarget {
  if (basePath === '') return toOriginForm;
  // A proxy on the way may have doubled the first slash.
  const prefix = new RegExp(`^/+${basePath.slice(1).replaceAll('.', '\\.')}(?=/)`);
  return (request) => {
    toOriginForm(request);
    const target = request.url ?? '';
    request.url = prefix.test(target) ? target.replace(prefix, '') : '';
  };
}

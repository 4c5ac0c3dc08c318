import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;

/**
 * Frees recent garbage, in about 0.3 ms. V8 frees the chunks of a file, which are outside of its heap,
 * only after more than 60 MiB of them.
 */
export function collectRecentGarbage(): void {
  collect({ type: 'minor' });
}

import { fetchKeySet, findUnusableKeys } from '../auth/key-set.ts';
import type { Config } from '../config.ts';
import { toFacts } from '../startup-warnings.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const FIX = 'Set it to the jwks_uri of the identity provider. Without it every token is refused.';
const FIX_KEYS = 'Have the identity provider replace them: tokens that they sign are refused.';

export async function examineAuth(config: Config): Promise<Finding[]> {
  const url = config.AUTH_JWKS_URL;
  const fine = ok('auth', toFacts(config, '').auth);
  if (!url) return [fine];
  try {
    const set = await fetchKeySet(url);
    if (set.keys.length === 0)
      return [fault('auth', `AUTH_JWKS_URL: ${url} contains no keys`, FIX)];
    const faults = findUnusableKeys(set);
    if (faults.length === 0) return [fine];
    const message = `AUTH_JWKS_URL: ${faults.join('; ')}`;
    return faults.length < set.keys.length
      ? [fine, warning('auth', message, FIX_KEYS)]
      : [fault('auth', message, FIX_KEYS)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fault('auth', `AUTH_JWKS_URL: ${url} cannot be read: ${reason}`, FIX)];
  }
}

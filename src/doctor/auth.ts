import { toFacts } from '../advice.ts';
import type { Config } from '../config.ts';
import { type Finding, fault, ok, toReason } from './finding.ts';

const PATIENCE_MS = 5_000;

export async function examineAuth(config: Config): Promise<Finding[]> {
  const url = config.AUTH_JWKS_URL;
  const findings = [ok('auth', toFacts(config, '').auth)];
  if (!url) return findings;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const body = (await response.json()) as { keys?: unknown };
    if (Array.isArray(body.keys) && body.keys.length > 0) return findings;
    return [fault('auth', `AUTH_JWKS_URL: ${url} holds no keys`, FIX)];
  } catch (error) {
    return [fault('auth', `AUTH_JWKS_URL: ${url} cannot be read: ${toReason(error)}`, FIX)];
  }
}

const FIX = 'Set it to the jwks_uri of the identity provider. Without it every token is refused.';

/** Checks combinations of variables. */

import { isLoopback } from '../loopback.ts';
import { isOpen, list } from './values.ts';

type Raw = Readonly<Record<string, string | undefined>>;

/** One sentence for each combination that cannot work. */
export function findConflicts(env: Raw): string[] {
  const faults: string[] = [];
  const { AUTH, AUTH_JWT_SECRET, AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE } = env;
  // A list of commas and spaces alone holds no key, so it does not configure authentication.
  const open = isOpen({ ...env, AUTH_API_KEYS: list.parse(env.AUTH_API_KEYS) });
  if (AUTH_JWKS_URL && AUTH_JWT_SECRET) {
    faults.push('AUTH_JWKS_URL: cannot be combined with AUTH_JWT_SECRET');
  }
  // The issuer signs tokens for other audiences with the same keys.
  if (AUTH_JWKS_URL && !(AUTH_ISSUER && AUTH_AUDIENCE)) {
    faults.push('AUTH_JWKS_URL: requires AUTH_ISSUER and AUTH_AUDIENCE');
  }
  if (env.DATABASE_LISTEN_URL && !env.DATABASE_URL?.startsWith('postgres')) {
    faults.push('DATABASE_LISTEN_URL: requires a DATABASE_URL of PostgreSQL');
  }
  if (AUTH === 'none' && !open) {
    faults.push(
      'AUTH: none cannot be combined with AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_API_KEYS',
    );
  }
  const path = (env.BASE_PATH ?? '').replace(/\/$/, '');
  // The upstream would call back at a path that the gateway does not serve.
  if (path && env.PUBLIC_URL && !env.PUBLIC_URL.replace(/\/+$/, '').endsWith(path)) {
    faults.push('PUBLIC_URL: must end with BASE_PATH');
  }
  const isReachable =
    !isLoopback(env.HOST ?? '127.0.0.1') ||
    !isLoopback(env.PUBLIC_URL ? toHost(env.PUBLIC_URL) : '127.0.0.1');
  if (open && AUTH !== 'none' && isReachable) {
    faults.push(
      'AUTH: anybody who can reach HOST or PUBLIC_URL could spend your credits. Set AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_API_KEYS, or AUTH=none',
    );
  }
  return faults;
}

/** Also accepts an address without a scheme, which is reported separately. */
function toHost(url: string): string {
  return URL.parse(url)?.hostname || URL.parse(`http://${url}`)?.hostname || '';
}

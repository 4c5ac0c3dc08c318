/** Start-up facts and warnings about a configuration: what is unsafe and how to fix it. No I/O. */

import { toDatabaseName } from './config/database-name.ts';
import { toKeepName } from './config/keep-url.ts';
import { isOpen } from './config/values.ts';
import type { Config } from './config.ts';
import { isLoopback } from './loopback.ts';

/** Logged at start-up; contains no secret. */
export interface Facts {
  readonly url: string;
  readonly publicUrl: string;
  readonly upstream: string;
  readonly database: string;
  readonly auth: string;
  /** Where files are copied to; null: nowhere. */
  readonly copies: string | null;
  readonly graphiql: boolean;
  readonly introspection: boolean;
}

export interface StartupWarning {
  /** The environment variable to change. */
  readonly variable: string;
  readonly message: string;
  readonly fix: string;
}

/** @param url the address on which the gateway listens. */
export function toFacts(config: Config, url: string): Facts {
  return {
    url,
    publicUrl: config.PUBLIC_URL ?? url,
    upstream: config.UPSTREAM_URL,
    database: toDatabaseName(config.DATABASE_URL),
    auth: toAuthName(config),
    copies: config.KEEP_URL ? toKeepName(config.KEEP_URL) : null,
    graphiql: config.GRAPHIQL,
    introspection: config.INTROSPECTION,
  };
}

export function findWarnings(config: Config, url: string): StartupWarning[] {
  const publicUrl = config.PUBLIC_URL ?? url;
  // Behind a proxy the gateway may listen on loopback and still be reachable.
  const isReachable = !isLoopback(config.HOST) || !isLocal(publicUrl);
  const isUpstreamFar = !isLocal(config.UPSTREAM_URL);
  const conveniences = (['GRAPHIQL', 'INTROSPECTION'] as const).filter((name) => config[name]);
  const warnings: (StartupWarning | false)[] = [
    ...config.misspelt.map(({ name, meant }) => ({
      variable: name,
      message: 'has no effect: no variable has this name',
      fix: `Rename it if you mean ${meant}.`,
    })),
    isOpen(config) &&
      isReachable && {
        variable: 'AUTH',
        message: 'anybody who can reach the gateway can spend your credits',
        fix: 'Make sure that a proxy in front of it authenticates users, or set AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_API_KEYS instead of AUTH=none.',
      },
    (isLocal(publicUrl) || isAnyAddress(publicUrl)) &&
      isUpstreamFar && {
        variable: 'PUBLIC_URL',
        message: 'the upstream cannot reach PUBLIC_URL: no callback will come',
        fix: 'Set PUBLIC_URL to the address at which the internet reaches this gateway. Until then the gateway polls tasks, RECONCILE_AFTER_MS after their submit and then at growing intervals.',
      },
    isUpstreamFar &&
      config.UPSTREAM_URL.startsWith('http:') && {
        variable: 'UPSTREAM_URL',
        message: 'the upstream key travels unencrypted',
        fix: 'Set UPSTREAM_URL to an https address.',
      },
    !isLocal(publicUrl) &&
      !isAnyAddress(publicUrl) &&
      publicUrl.startsWith('http:') && {
        variable: 'PUBLIC_URL',
        message: 'the secret URLs of callbacks travel unencrypted',
        fix: 'Put a TLS proxy in front, and set PUBLIC_URL to its https address.',
      },
    !!config.AUTH_JWKS_URL?.startsWith('http:') &&
      !isLocal(config.AUTH_JWKS_URL) && {
        variable: 'AUTH_JWKS_URL',
        message: 'the keys that verify tokens are fetched unencrypted',
        fix: 'Set AUTH_JWKS_URL to an https address.',
      },
    isReachable &&
      conveniences.length > 0 && {
        variable: conveniences[0] ?? '',
        message: `${conveniences.join(' and ')} can be used by strangers`,
        fix: `Set ${conveniences.map((name) => `${name}=off`).join(' and ')}, or leave them unset under NODE_ENV=production.`,
      },
    config.DATABASE_URL === 'sqlite::memory:' && {
      variable: 'DATABASE_URL',
      message: 'the database is in memory: a restart loses tasks that have been paid for',
      fix: 'Set DATABASE_URL to a file, as in sqlite:data/gateway.db.',
    },
  ];
  return warnings.filter((warning) => warning !== false);
}

/** The facts and warnings as a few lines for a terminal. */
export function toGreeting(config: Config, url: string): string {
  const facts = toFacts(config, url);
  const isPageOn = facts.graphiql ? ' (GraphiQL in a browser)' : '';
  const lines = [
    `Longtake listens at ${url}/graphql${isPageOn}`,
    `  database   ${facts.database}`,
    `  upstream   ${facts.upstream}, which calls back at ${facts.publicUrl}`,
    `  auth       ${facts.auth}`,
    ...(facts.copies ? [`  copies     ${facts.copies}`] : []),
    ...findWarnings(config, url).flatMap(({ variable, message, fix }) => [
      `  ! ${variable}: ${message}`,
      `    ${fix}`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function toAuthName(config: Config): string {
  const { AUTH_JWT_SECRET, AUTH_JWKS_URL, AUTH_API_KEYS } = config;
  const ways = [
    AUTH_JWT_SECRET && 'JWT (AUTH_JWT_SECRET)',
    AUTH_JWKS_URL && 'JWT (AUTH_JWKS_URL)',
    AUTH_API_KEYS.length > 0 && 'API keys (AUTH_API_KEYS)',
  ];
  return ways.filter(Boolean).join(' and ') || 'open: no authentication';
}

export function isLocal(url: string): boolean {
  return isLoopback(new URL(url).hostname);
}

/** Whether the host is a wildcard address, which no client can call. It becomes PUBLIC_URL if only HOST is set. */
export function isAnyAddress(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === '0.0.0.0' || hostname === '[::]';
}

/** The environment, read once and parsed as a whole. */

import { z } from 'zod';
import { findConflicts } from './config/conflicts.ts';
import { databaseUrl, listenUrl } from './config/database-url.ts';
import { keepUrl } from './config/keep-url.ts';
import { findNearMisses, type NearMiss } from './config/near-misses.ts';
import {
  basePath,
  baseUrl,
  count,
  findWrapped,
  flag,
  httpUrl,
  isHost,
  isOpen,
  isOrigin,
  list,
  NO_HOST_LIST,
  NO_KEY_LIST,
  proxyUrl,
  split,
  wholeNumber,
} from './config/values.ts';
import { DAY_MS } from './durations.ts';
import { isLoopback } from './loopback.ts';

export type Config = Readonly<
  z.output<typeof Environment> & {
    /** Variables without effect whose names are nearly one of ours. */
    readonly misspelt: readonly NearMiss[];
  }
>;

/** A configuration error, which a restart does not fix. The message names the variables. */
export class EnvironmentError extends Error {}

const Environment = z
  .object({
    PORT: count(4000, 0, 65_535),
    HOST: z.string().min(1).default('127.0.0.1'),
    PUBLIC_URL: baseUrl.optional(),
    BASE_PATH: basePath.default(''),
    UPSTREAM_URL: baseUrl
      .refine(
        (url) => !/\/api\/v\d+(\/|$)/.test(url),
        'must end before the path of the API, as in https://api.apikley.ru',
      )
      .default('https://api.apikley.ru'),
    APIKLEY_API_KEY: z
      .string({ error: 'is required: the key of the upstream API (npx longtake demo needs none)' })
      .regex(
        /^[\x21-\x7e]+$/,
        'must be printable characters without spaces: the key alone, without "Bearer"',
      ),
    DATABASE_URL: databaseUrl.default('sqlite:data/gateway.db'),
    DATABASE_LISTEN_URL: listenUrl.optional(),
    DATABASE_POOL_SIZE: count(10, 1, 1_000),
    DATABASE_TIMEOUT_MS: count(4_000, 1, DAY_MS),
    // A list of commas alone must be refused: without keys every callback would count as signed.
    WEBHOOK_HMAC_KEY: z
      .string()
      .transform(split)
      .refine((keys) => keys.length > 0, 'holds no key')
      .default([]),
    UPSTREAM_TIMEOUT_MS: count(30_000, 1),
    HTTPS_PROXY: proxyUrl.optional(),
    HTTP_PROXY: proxyUrl.optional(),
    NO_PROXY: z
      .string()
      .default('')
      .transform((text) => split(text.replaceAll(/\s+/g, ','))),
    // The database has a row for each: creating them takes 5 s.
    UPSTREAM_REQUESTS: count(20, 1, 100_000),
    UPSTREAM_WINDOW_MS: count(10_000, 1),
    SUBMIT_MAX_WAIT_MS: count(10_000, 0),
    QUEUE_DEADLINE_MS: count(DAY_MS, 1, 30 * DAY_MS),
    UPSTREAM_BREAKER: flag.default(true),
    RECONCILE_AFTER_MS: count(60_000, 1),
    UNCONFIRMED_DEADLINE_MS: count(2 * 60 * 60 * 1000, 1),
    TASK_DEADLINE_MS: count(DAY_MS, 1),
    RETENTION_DAYS: count(60, 1, 36_500),
    CLOCK_CONFIRMED_ON: z.iso.date('must be a date as in 2026-11-28').optional(),
    SHUTDOWN_TIMEOUT_MS: count(35_000, 0),
    DRAIN_GRACE_MS: wholeNumber(0).optional(),
    // Longer than Cloudflare's 900 s and Google's 600 s: docs/deploying.md has the table.
    KEEP_ALIVE_MS: count(920_000, 1, DAY_MS),
    CORS_ORIGINS: list.refine(
      (origins) => origins.every(isOrigin),
      'must be a comma-separated list of origins exactly as browsers send them, such as https://app.example.com or capacitor://localhost, without a slash at the end',
    ),
    AUTH: z.literal('none', { error: "must be 'none' or unset" }).optional(),
    AUTH_JWT_SECRET: z
      .string()
      .transform(split)
      .refine(
        ([secret = '', ...others]) => others.length > 0 || secret.length >= 32,
        'must have at least 32 characters; openssl rand -base64 32 makes one',
      )
      .refine(
        (secrets) => secrets.length < 2 || secrets.every((secret) => secret.length >= 32),
        'is a comma-separated list, of which each secret must have at least 32 characters',
      )
      .optional(),
    AUTH_JWKS_URL: httpUrl.optional(),
    AUTH_ISSUER: z.string().max(255, 'must be at most 255 characters').optional(),
    AUTH_AUDIENCE: z.string().optional(),
    AUTH_OWNER_CLAIM: z.string().min(1, 'must name a claim').default('sub'),
    AUTH_CLOCK_TOLERANCE_S: count(5, 0, 3_600),
    AUTH_API_KEYS: list.transform((entries, context) =>
      entries.map((entry) => {
        const [, name = '', sha256 = ''] = /^([\w.-]{1,64}):([0-9a-f]{64})$/i.exec(entry) ?? [];
        if (!name) context.addIssue(NO_KEY_LIST);
        return { name, sha256: sha256.toLowerCase() };
      }),
    ),
    FOREIGN_VIDEOS: z.enum(['allow', 'deny']).default('allow'),
    SUBMITS_PER_DAY: count(0, 0),
    KEEP_URL: keepUrl.optional(),
    KEEP_DAYS: count(0, 0, 36_500),
    KEEP_MAX_BYTES: count(2 * 1024 ** 3, 1, Number.MAX_SAFE_INTEGER),
    KEEP_ALLOWED_HOSTS: list.refine((hosts) => hosts.every(isHost), NO_HOST_LIST),
    UPSTREAM_CREDITS: flag.default(false),
    OWNER_SUBMITS_PER_MINUTE: count(0, 0),
    OWNER_SUBMITS_PER_DAY: count(0, 0),
    OWNER_TASKS_IN_FLIGHT: count(0, 0),
    OWNER_QUEUED: count(100, 0),
    SEQUENCE_MAX_SHOTS: count(20, 1, 100),
    OWNER_READS_PER_MINUTE: count(300, 0),
    READS_PER_MINUTE: count(600, 0),
    OWNER_SOCKETS: count(10_000, 1),
    OWNER_SUBSCRIPTIONS: count(20_000, 1),
    MAX_SOCKETS: count(50_000, 1),
    MAX_SUBSCRIPTIONS: count(100_000, 1),
    MAX_DEPTH: count(20, 1),
    MAX_ALIASES: count(100, 0),
    MAX_DIRECTIVES: count(50, 0),
    MAX_TOKENS: count(4_000, 1),
    MAX_COST: count(100_000, 1),
    MAX_SUBMITS: count(1, 1),
    MAX_ANSWER_BYTES: count(8 * 1024 * 1024, 1),
    TRUSTED_DOCUMENTS: z.string().optional(),
    METRICS_TOKEN: z
      .string()
      .regex(/^[\x21-\x7e]{16,}$/, 'must have at least 16 printable characters, without spaces')
      .optional(),
    THIN_PATH: flag.default(true),
    GRAPHIQL: flag.optional(),
    INTROSPECTION: flag.optional(),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info'),
    NODE_ENV: z.string().optional(),
    // OpenTelemetry reads these and further OTEL_* variables itself.
    OTEL_SDK_DISABLED: z.string().optional(),
    OTEL_TRACES_EXPORTER: z.string().optional(),
    OTEL_EXPORTER_OTLP_ENDPOINT: z.string().optional(),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.string().optional(),
    OTEL_CONFIG_FILE: z.string().optional(),
  })
  .transform(({ NODE_ENV, ...all }) => {
    const {
      OTEL_SDK_DISABLED,
      OTEL_TRACES_EXPORTER,
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
      OTEL_CONFIG_FILE,
      ...values
    } = all;
    // On by default only on the developer's own machine.
    const isAtHome = isOpen(values) && isLoopback(values.HOST) && NODE_ENV !== 'production';
    return {
      ...values,
      // There is no load balancer on loopback.
      DRAIN_GRACE_MS: values.DRAIN_GRACE_MS ?? (isLoopback(values.HOST) ? 0 : 5_000),
      GRAPHIQL: values.GRAPHIQL ?? isAtHome,
      INTROSPECTION: values.INTROSPECTION ?? isAtHome,
      TRACING:
        OTEL_SDK_DISABLED?.toLowerCase() !== 'true' &&
        OTEL_TRACES_EXPORTER !== 'none' &&
        Boolean(
          OTEL_EXPORTER_OTLP_ENDPOINT ??
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
            OTEL_TRACES_EXPORTER ??
            OTEL_CONFIG_FILE,
        ),
    };
  });

export type VariableName = keyof z.input<typeof Environment>;
export const VARIABLE_NAMES: readonly string[] = Object.keys(Environment.in.shape);

type Raw = Readonly<Record<string, string | undefined>>;

/** Other programs read these in either case; the lower one wins, as in curl. */
const EITHER_CASE = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;

function foldCase(env: Raw): Raw {
  const folded = { ...env };
  for (const name of EITHER_CASE) {
    const lower = name.toLowerCase();
    folded[name] = folded[lower] || folded[name];
    delete folded[lower];
  }
  return folded;
}

/**
 * @throws EnvironmentError whose message names every fault, one per line, without values, except
 * paths: some are secrets.
 */
export function readConfig(env: Raw): Config {
  // An empty variable counts as unset, because many shells and containers cannot unset one.
  const set = Object.fromEntries(Object.entries(foldCase(env)).filter(([, value]) => value !== ''));
  const wrapped = findWrapped(set, VARIABLE_NAMES);
  const result = Environment.safeParse(set);
  const issues = (result.error?.issues ?? []).filter(({ path }) => !wrapped.has(String(path[0])));
  const faults = new Set([
    ...Array.from(wrapped, ([name, message]) => `${name}: ${message}`),
    ...issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
    // Conflicts are checked only among usable values.
    ...(wrapped.size === 0 ? findConflicts(set) : []),
  ]);
  const misspelt = findNearMisses(Object.keys(set), VARIABLE_NAMES);
  if (result.success && faults.size === 0) return Object.freeze({ ...result.data, misspelt });
  // A missing variable may be there under a misspelt name.
  for (const { name, meant } of misspelt)
    faults.add(`${name}: has no effect; ${meant} may be meant`);
  throw new EnvironmentError(
    `The environment is not usable:\n${Array.from(faults, (fault) => `  ${fault}`).join('\n')}`,
  );
}

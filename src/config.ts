/** The environment, read once and parsed as a whole. */

import { z } from 'zod';

export type Config = Readonly<z.output<typeof Environment>>;

const DAY_MS = 24 * 60 * 60 * 1000;

const count = (fallback: number, least: number, most = 2 ** 31 - 1) =>
  z.coerce.number().int().min(least).max(most).default(fallback);
const flag = z.enum(['on', 'off']).transform((word) => word === 'on');
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((url) => url.replace(/\/+$/, ''));

const Environment = z
  .object({
    PORT: count(4000, 0, 65_535),
    HOST: z.string().min(1).default('127.0.0.1'),
    PUBLIC_URL: httpUrl.optional(),
    UPSTREAM_URL: httpUrl.default('https://api.apikley.ru'),
    APIKLEY_API_KEY: z
      .string({ error: 'is required: the key of the upstream API' })
      .regex(/^[\x21-\x7e]+$/, 'must be printable characters without spaces'),
    DATABASE_URL: z
      .string()
      .regex(/^sqlite:.+/, 'must be sqlite:PATH')
      .default('sqlite:data/gateway.db'),
    WEBHOOK_HMAC_KEY: z
      .string()
      .default('')
      .transform((list) =>
        list
          .split(',')
          .map((key) => key.trim())
          .filter((key) => key !== ''),
      ),
    UPSTREAM_TIMEOUT_MS: count(30_000, 1),
    UPSTREAM_REQUESTS: count(20, 1),
    UPSTREAM_WINDOW_MS: count(10_000, 1),
    RECONCILE_AFTER_MS: count(60_000, 1),
    UNCONFIRMED_DEADLINE_MS: count(2 * 60 * 60 * 1000, 1),
    TASK_DEADLINE_MS: count(DAY_MS, 1),
    RETENTION_DAYS: count(60, 1, 36_500),
    SHUTDOWN_TIMEOUT_MS: count(35_000, 0),
    CORS_ORIGINS: z
      .string()
      .default('')
      .transform((list) =>
        list
          .split(',')
          .map((origin) => origin.trim())
          .filter((origin) => origin !== ''),
      )
      .refine((origins) => origins.every((origin) => URL.parse(origin)?.origin === origin), {
        error: 'must be a comma-separated list of origins such as https://app.example.com',
      }),
    GRAPHIQL: flag.optional(),
    INTROSPECTION: flag.optional(),
    LOG_LEVEL: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info'),
    NODE_ENV: z.string().optional(),
  })
  .transform(({ NODE_ENV, ...values }) => {
    // Conveniences for people at their own machine; strangers get neither unless told otherwise.
    const isAtHome = isLoopback(values.HOST) && NODE_ENV !== 'production';
    return {
      ...values,
      GRAPHIQL: values.GRAPHIQL ?? isAtHome,
      INTROSPECTION: values.INTROSPECTION ?? isAtHome,
    };
  });

/**
 * @throws Error whose message names every fault, one a line. It quotes no value: some are secrets.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  // An empty variable is an unset one, as in most shells' and containers' ways to unset.
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = Environment.safeParse(set);
  if (result.success) return Object.freeze(result.data);
  const faults = result.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The environment is not usable:\n${faults.join('\n')}`);
}

/** Whether a host name or address means this machine alone. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '::1' ||
    /^127(\.\d{1,3}){3}$/.test(name)
  );
}

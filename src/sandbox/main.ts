/** `longtake sandbox`: the stand-in upstream alone, until SIGINT or SIGTERM. */

import { z } from 'zod';
import { readArguments } from '../arguments.ts';
import { findNearMisses } from '../config/near-misses.ts';
import { findWrapped } from '../config/values.ts';
import { startSandbox } from './sandbox.ts';

const DEFAULT_KEY = 'sandbox-key';

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4010),
  HOST: z.string().default('127.0.0.1'),
  SANDBOX_PUBLIC_URL: z.url().optional(),
  SANDBOX_API_KEY: z.string().default(DEFAULT_KEY),
  SANDBOX_STEP_MS: z.coerce.number().int().min(0).default(1000),
  SANDBOX_WEBHOOK_HMAC_KEY: z.string().optional(),
});

readArguments({
  usage: `Usage: longtake sandbox

Starts the stand-in for the API alone, for a gateway with UPSTREAM_URL and APIKLEY_API_KEY=sandbox-key.
PORT and HOST say where it listens.
`,
  options: {},
});

try {
  await main(process.env);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const env = parseEnvironment(environment);
  for (const { name, meant } of findNearMisses(
    Object.keys(environment),
    Object.keys(Environment.shape),
  )) {
    console.error(`${name} has no effect. Rename it if you mean ${meant}.`);
  }
  const sandbox = await startSandbox({
    port: env.PORT,
    host: env.HOST,
    publicUrl: env.SANDBOX_PUBLIC_URL,
    apiKey: env.SANDBOX_API_KEY,
    stepMs: env.SANDBOX_STEP_MS,
    webhookHmacKey: env.SANDBOX_WEBHOOK_HMAC_KEY,
    // The provider's limit, as observed.
    rateLimit: { requests: 20, windowMs: 10_000 },
    logger: {
      info: (facts, message) => console.log(`${message} ${JSON.stringify(facts)}`),
      error: (facts, message) => console.error(message, facts),
    },
  });

  // A key other than the default may be in use elsewhere, so it is not printed.
  const key = env.SANDBOX_API_KEY === DEFAULT_KEY ? DEFAULT_KEY : '<SANDBOX_API_KEY>';
  const signed = env.SANDBOX_WEBHOOK_HMAC_KEY ? ' WEBHOOK_HMAC_KEY=<SANDBOX_WEBHOOK_HMAC_KEY>' : '';
  console.log(`Sandbox upstream at ${sandbox.url}`);
  console.log('Point the gateway at it:');
  console.log(`  UPSTREAM_URL=${sandbox.url} APIKLEY_API_KEY=${key}${signed} npx longtake start`);

  const stop = () => void sandbox.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

/** An empty variable counts as unset. Throws one message that names every fault. */
function parseEnvironment(environment: NodeJS.ProcessEnv): z.infer<typeof Environment> {
  const set = Object.entries(environment).filter(([, value]) => value !== '');
  const wrapped = findWrapped(environment, Object.keys(Environment.shape));
  const parsed = Environment.safeParse(Object.fromEntries(set));
  if (parsed.success && wrapped.size === 0) return parsed.data;
  const issues = (parsed.error?.issues ?? []).map(({ path, message }) => [path.join('.'), message]);
  const faults = [...wrapped, ...issues.filter(([name = '']) => !wrapped.has(name))];
  throw new Error(
    `The environment is not valid:\n${faults.map(([name, text]) => `  ${name}: ${text}`).join('\n')}`,
  );
}

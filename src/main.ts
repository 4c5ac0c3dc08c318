/**
 * Reads the environment, starts the gateway, and drains on SIGTERM, SIGINT and SIGHUP. Exit codes: 0 after
 * a signal, 64 for a wrong argument, 78 for a wrong environment (EX_CONFIG of sysexits.h: a restart does
 * not help), 1 otherwise.
 */

import './compile-cache.js';
import { readArguments } from './arguments.ts';
import type { Gateway } from './gateway.ts';

// A failing standard error cannot be reported anywhere.
process.stderr.on('error', () => {});
// By default SIGUSR1 opens Node's inspector. A listener prevents that.
if (process.env.NODE_ENV === 'production') process.on('SIGUSR1', () => {});

readArguments({
  usage: `Usage: longtake start

Starts the gateway. Environment variables configure it: docs/configuration.md lists them, and
longtake doctor checks them.
`,
  options: {},
});

/** Aborted by the first signal. */
const shutdown = new AbortController();
const { EnvironmentError, readConfig } = await import('./config.ts');

try {
  const config = readConfig(process.env);
  // Loaded after the configuration is checked, so that a mistake is reported at once.
  const { startGateway } = await import('./gateway.ts');
  const starting = startGateway(config, shutdown.signal);
  // Handle signals before the gateway listens, because one may arrive right after. npm, terminals and
  // service managers send a second signal, which must not interrupt the drain.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      shutdown.abort();
      void starting.then(end, () => undefined);
    });
  }
  const { url } = await starting;
  // The log is for machines; on a terminal the same is printed in sentences.
  if (process.stdout.isTTY) {
    const { toGreeting } = await import('./startup-warnings.ts');
    process.stderr.write(toGreeting(config, url));
  }
} catch (error) {
  // Stopped by a signal while it waited for another process to migrate the database.
  if (error === shutdown.signal.reason) process.exit(0);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof EnvironmentError ? 78 : 1);
}

async function end(gateway: Gateway): Promise<void> {
  const isFree = await gateway.close();
  if (!isFree) {
    // A thread hangs in a read or write, and process.exit would wait for it.
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  }
  process.exit(0);
}

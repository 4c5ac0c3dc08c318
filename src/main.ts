/**
 * Reads the environment, starts the gateway, drains on SIGTERM, SIGINT and SIGHUP. Ends with 0 when it
 * was told to; with 78 (EX_CONFIG of sysexits.h) where the environment is at fault, so that trying
 * again is of no use; with 1 for anything else.
 */

import './compile-cache.js';
import type { Gateway } from './gateway.ts';

// A failing standard error cannot be reported anywhere.
process.stderr.on('error', () => {});
// By default SIGUSR1 opens Node's inspector. A listener prevents that.
if (process.env.NODE_ENV === 'production') process.on('SIGUSR1', () => {});

/** Aborted when a signal tells the gateway to end. */
const told = new AbortController();
const { EnvironmentError, readConfig } = await import('./config.ts');

try {
  const config = readConfig(process.env);
  // Loaded after the configuration is checked, so that a mistake is reported at once.
  const { startGateway } = await import('./gateway.ts');
  const starting = startGateway(config, told.signal);
  // Before it listens: who sees that it does may end it at once. npm, terminals and service managers
  // send a second signal, which must not end the drain.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      told.abort();
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
  // While it waited for another process.
  if (error === told.signal.reason) process.exit(0);
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof EnvironmentError ? 78 : 1);
}

async function end(gateway: Gateway): Promise<void> {
  const isFree = await gateway.close();
  if (!isFree) {
    // A thread hangs in the disk or the terminal, and process.exit would wait for it.
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  }
  process.exit(0);
}

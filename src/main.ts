/**
 * Reads the environment, starts the gateway, drains on SIGTERM. Ends with 0 when it was told to; with
 * 78 (EX_CONFIG of sysexits.h) where the environment is at fault, so that trying again is of no use;
 * with 1 for anything else.
 */

import './compile-cache.js';

const { EnvironmentError, readConfig } = await import('./config.ts');

try {
  const config = readConfig(process.env);
  // Not before it is needed: who has made a mistake is told at once.
  const { startGateway } = await import('./gateway.ts');
  const starting = startGateway(config);
  // Before it listens: who sees that it does may end it at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void starting.then((gateway) => gateway.close()).then(() => process.exit(0));
    });
  }
  const { url } = await starting;
  // The log is for machines; who starts it by hand is told the same in sentences.
  if (process.stdout.isTTY) {
    const { toGreeting } = await import('./advice.ts');
    process.stderr.write(toGreeting(config, url));
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof EnvironmentError ? 78 : 1);
}

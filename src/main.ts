/** Reads the environment, starts the gateway, drains on SIGTERM. */

import { readConfig } from './config.ts';
import { startGateway } from './gateway.ts';

try {
  const starting = startGateway(readConfig(process.env));
  // Before it listens: who sees that it does may end it at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void starting.then((gateway) => gateway.close()).then(() => process.exit(0));
    });
  }
  await starting;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Reads the environment, starts the gateway, drains on SIGTERM. */

import { readConfig } from './config.ts';
import { startGateway } from './gateway.ts';

try {
  const gateway = await startGateway(readConfig(process.env));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void gateway.close().then(() => process.exit(0));
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** Reads the environment, starts the gateway, drains on SIGTERM. */

import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Half of a start is compiling. The default folder for what comes of it can be written by anybody
// on the machine, so it lies among our own packages; where that is read-only, there is none.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));
const { readConfig } = await import('./config.ts');
const { startGateway } = await import('./gateway.ts');

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

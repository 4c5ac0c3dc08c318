/** Loaded before the gateway (`--import`): prints which modules of OpenTelemetry are loaded. */

import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /\/node_modules\/(@opentelemetry\/[^/]+)\//.exec(url) ?? [];
    if (name) process.stderr.write(`loaded ${name}\n`);
    return nextLoad(url, context);
  },
});

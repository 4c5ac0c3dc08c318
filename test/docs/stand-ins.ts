/** Substitutes for the servers and secrets of the pages when their commands are executed. */

import { dirname, join } from 'node:path';

/** Commands that are not executed here, each with its reason. */
export const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['npm ci', '.ci/run begins with it, and this test runs in what it has made'],
  ['npm ci --loglevel=error', 'the same'],
  ['npm test', 'it would run itself; .ci/run runs it'],
  ['npm run test:all', 'as npm test; .ci/run runs what it adds'],
  ['npm run check', '.ci/run runs it'],
  ['npm ci --prefix examples/clients', '.ci/run runs it: it needs the network'],
  ['npm run test:clients', '.ci/run runs it'],
  ['npm ci --prefix examples/web', '.ci/run runs it: it needs the network'],
  ['npm run dev --prefix examples/web', 'needs the packages of the app; test:browser builds it'],
  ['npm install longtake', 'test/package.test.ts installs the package'],
  ['docker build -t longtake .', 'needs a Docker daemon and the network'],
  [
    'docker run --rm --stop-timeout 40 -p 4000:4000 -v longtake:/app/data -e APIKLEY_API_KEY -e PUBLIC_URL -e AUTH_JWT_SECRET longtake',
    'needs a Docker daemon',
  ],
  ['docker compose up --build', 'needs a Docker daemon and the network'],
  ['kubectl apply -f examples/kubernetes/longtake.yaml', 'needs a cluster'],
]);

/** Programs that run until they are stopped, and the text that they print when they are ready. */
export const READY: readonly (readonly [RegExp, string])[] = [
  [/npx longtake demo$/, 'Ctrl+C ends it.'],
  [/npx longtake sandbox$/, 'Sandbox upstream at'],
  [/npx longtake start$/, '"msg":"listening"'],
];

/** Every other command exits with 0 by itself. */
export function findReadyWord(command: string): string | undefined {
  return READY.find(([pattern]) => pattern.test(command))?.[1];
}

/** The command `longtake` as the npm package has it, which starts faster than the sources. */
const CLI = process.env.TEST_GATEWAY
  ? join(dirname(process.env.TEST_GATEWAY), 'cli.js')
  : 'src/cli.ts';

export interface Servers {
  readonly sandbox: string;
  readonly postgres: string;
  /** The gateway that `curl` calls. */
  readonly gateway: string;
}

/** The command with its placeholders filled in. */
export function fillIn(command: string, servers: Servers): string {
  return (
    command
      // Only the demo finds the example app in the clone.
      .replaceAll('npx longtake demo', 'node src/cli.ts demo')
      .replaceAll('npx longtake', `node ${CLI}`)
      .replaceAll('APIKLEY_API_KEY=…', 'APIKLEY_API_KEY=sandbox-key')
      .replaceAll('AUTH_JWT_SECRET=…', `AUTH_JWT_SECRET=${'s'.repeat(32)}`)
      .replaceAll('postgres://user:password@host/longtake', servers.postgres)
      .replaceAll('http://127.0.0.1:4010', servers.sandbox)
      .replaceAll('http://127.0.0.1:4000', servers.gateway)
  );
}

#!/usr/bin/env node
/**
 * `longtake COMMAND`. Imports nothing statically and keeps to old syntax: a Node that is too old for the
 * gateway has to get as far as the sentence that says so.
 */

const USAGE = `Usage: longtake COMMAND

  start     start the gateway, configured by environment variables
  demo      make and extend a video with a stand-in for the API, and open an example app
            --once: end after that, without the app
  sandbox   start the stand-in for the API alone
  doctor    list what is misconfigured in this environment
            --json: for programs
  token OWNER
            print a token for development, signed with AUTH_JWT_SECRET
            --hours N: how long it is valid, 12 by default
  forget-owner OWNER
            delete everything that is stored about one owner

  --help    print this
  --version
            print the version
`;
/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;

const PROGRAMS: Readonly<Record<string, () => Promise<unknown>>> = {
  start: () => import('./main.ts'),
  demo: () => import('./demo/main.ts'),
  sandbox: () => import('./sandbox/main.ts'),
  doctor: () => import('./doctor/main.ts'),
  token: () => import('./token.ts'),
  'forget-owner': () => import('./forget-owner.ts'),
};

run(process.argv[2]).catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
});

async function run(command = ''): Promise<void> {
  const { explainUnsupportedNode } = await import('./doctor/node-version.ts');
  const reason = explainUnsupportedNode(process.version);
  if (reason) {
    process.stderr.write(`${reason}\n`);
    process.exitCode = 1;
    return;
  }
  if (command === '--version') {
    const { version } = await import('./version.ts');
    process.stdout.write(`${version}\n`);
    return;
  }
  if (command === '--help') {
    process.stdout.write(USAGE);
    return;
  }
  if (!Object.hasOwn(PROGRAMS, command)) {
    process.stderr.write(command ? `There is no command ${command}.\n\n${USAGE}` : USAGE);
    process.exitCode = WRONG_USAGE;
    return;
  }
  // Each program reads its own arguments, as if it had been started by itself.
  process.argv.splice(2, 1);
  await PROGRAMS[command]?.();
}

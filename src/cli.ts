#!/usr/bin/env node
/**
 * `longtake COMMAND`. Imports nothing statically and keeps to old syntax: a Node that is too old for the
 * gateway has to get as far as the sentence that says so.
 */

const USAGE = `Usage: longtake COMMAND

  start                start the gateway, configured by environment variables
  demo [--once]        make and extend a video with a stand-in for the API, and keep an example
                       app open; --once: without the app, to the end
  sandbox              start the stand-in for the API alone
  doctor [--json]      list what is misconfigured in this environment
  token OWNER [--hours 12]
                       print a token for development, signed with AUTH_JWT_SECRET
  forget-owner OWNER   delete everything that is stored about an owner, such as jwt:-:alice
  --help               print this; after a command, its usage
  --version            print the version
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
  if (['--help', '-h', 'help'].includes(command)) {
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

/**
 * `npm run build`: the client in dist/client, and the gateway and most of its packages as a few files in dist/gateway, which start in
 * half the time and take less memory than 1,600 (docs/decisions/0013-bundle-for-production.md). The npm
 * package contains these files. The sources run without them. `node build.ts FOLDER` builds into another
 * folder, which has to be two levels below the root: some files find others by relative paths.
 */

import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { bundleClient } from './build-client.ts';
import packageFile from './package.json' with { type: 'json' };

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const dir = process.argv[2] ?? 'dist/gateway';
/** What the package depends on is installed with it. Everything else becomes part of the build. */
const installed = Object.keys(packageFile.dependencies);

await rm(at(dir), { recursive: true, force: true });
const begun = performance.now();
await build({
  cwd: at('.'),
  input: {
    main: 'src/main.ts',
    cli: 'src/cli.ts',
    index: 'src/index.ts',
    'transfer-worker': 'src/files/transfer-worker.ts',
  },
  platform: 'node',
  // pg-native is optional to pg, and not installed.
  external: (id) => ['pg-native', ...installed].some((name) => `${id}/`.startsWith(`${name}/`)),
  // As Node resolves: with any other condition there would be two graphql.
  resolve: { conditionNames: ['node', 'module-sync'] },
  output: {
    dir,
    format: 'esm',
    sourcemap: true,
    comments: false,
    // Only white space is removed, for the size of the package. Names stay, so that stacks can be read.
    minify: { compress: false, mangle: false, codegen: true },
  },
});
if (!process.argv[2]) {
  await mkdir(at('dist/client'), { recursive: true });
  await writeFile(at('dist/client/index.js'), await bundleClient());
}
// As npm does when it installs a program.
await chmod(join(at(dir), 'cli.js'), 0o755);

const names = (await readdir(at(dir))).filter((name) => name.endsWith('.js'));
const sizes = await Promise.all(names.map(async (name) => (await stat(join(at(dir), name))).size));
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
const seconds = (performance.now() - begun) / 1_000;
process.stdout.write(
  `Built ${dir} in ${seconds.toFixed(1)} s: ${names.length} files of ${megabytes.toFixed(1)} MB, with source maps.\n` +
    `Start it: ${dir === 'dist/gateway' ? 'npm run start:built' : `node ${dir}/main.js`}\n`,
);

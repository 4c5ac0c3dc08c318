/**
 * What the npm package contains besides `npm run build`: the example app that the demo serves, the types,
 * and the licences of the packages that the build includes. npm runs it before `npm pack` and
 * `npm publish`.
 */

import { execFileSync } from 'node:child_process';
import { copyFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildWeb } from './examples/web/serve.ts';
import { VARIABLE_NAMES } from './src/config.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

await Promise.all([buildWeb(), writeTypes(), writeLicences()]);

/**
 * The types of src/index.ts need two names of src/config.ts. Their declarations are written here, because
 * those that the compiler makes import zod, which users do not have.
 */
async function writeTypes(): Promise<void> {
  const out = at('dist/types');
  const tsc = at('node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', at('tsconfig.types.json'), '--outDir', out], {
    stdio: 'inherit',
  });
  await copyFile(`${out}/src/index.d.ts`, at('dist/gateway/index.d.ts'));
  await cp(`${out}/client`, at('dist/client'), { recursive: true });
  const names = VARIABLE_NAMES.map((name) => `'${name}'`).join(' | ');
  await writeFile(
    at('dist/gateway/config.d.ts'),
    `export type VariableName = ${names};\nexport declare class EnvironmentError extends Error {}\n`,
  );
  await rm(out, { recursive: true });
}

/** The source maps name every file that the build includes. A text that several packages share is written once. */
async function writeLicences(): Promise<void> {
  const maps = (await readdir(at('dist/gateway'))).filter((name) => name.endsWith('.map'));
  const texts = await Promise.all(maps.map((name) => readFile(at(`dist/gateway/${name}`), 'utf8')));
  const folders = new Set(
    texts.flatMap((text) =>
      (JSON.parse(text) as { sources: string[] }).sources.flatMap(
        (source) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(source) ?? [],
      ),
    ),
  );
  const licences = await Promise.all([...folders].sort().map(readLicence));
  const sections = Array.from(
    Map.groupBy(licences, ({ text }) => text),
    ([text, same]) => `${[...new Set(same.map(({ name }) => name))].join('\n')}\n\n${text}`,
  );
  await writeFile(at('dist/gateway/LICENSES.txt'), sections.join(`\n${'-'.repeat(80)}\n\n`));
}

async function readLicence(folder: string): Promise<{ name: string; text: string }> {
  const { name, version, license } = JSON.parse(
    await readFile(at(`${folder}/package.json`), 'utf8'),
  );
  const file = (await readdir(at(folder))).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(at(`${folder}/${file}`), 'utf8') : '';
  return { name: `${name} ${version}, ${license}`, text };
}

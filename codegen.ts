/**
 * `npm run codegen`: writes schema.graphql, docs/errors.md, the types of longtake/client, typed documents for the operations under
 * test/ and examples/, what the caches of clients have to know, and the code that docs/clients.md
 * shows. With --check it writes nothing and fails where a file is stale.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CodegenConfig, generate } from '@graphql-codegen/cli';
import { introspectionFromSchema, isAbstractType, printSchema } from 'graphql';
import { toClientSchema } from './codegen/client-schema.ts';
import { toErrorsPage } from './codegen/errors-page.ts';
import { fillSnippets } from './codegen/snippets.ts';
import { schema } from './src/schema/index.ts';

const sdl = `${printSchema(schema)}\n`;

const client = {
  useTypeImports: true,
  enumType: 'string-literal',
  scalars: { DateTime: 'string', URL: 'string', ID: 'string' },
  strictScalars: true,
};

const config: CodegenConfig = {
  schema: sdl,
  // Without it the generated files import each other by names that Node does not resolve.
  importExtension: '.ts',
  silent: true,
  generates: {
    'test/generated/': {
      documents: ['test/operations/*.graphql', 'examples/graphiql/*.graphql'],
      preset: 'client',
      // The allow-list for TRUSTED_DOCUMENTS comes with the types.
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: { ...client, documentMode: 'string' },
    },
    'examples/web/src/gql/': {
      documents: ['examples/web/src/*.graphql'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: client,
    },
    'examples/clients/gql/': {
      documents: ['examples/clients/*.graphql'],
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: client,
    },
  },
};

/** Tells Graphcache the possible types of each union and interface. */
const introspection = introspectionFromSchema(schema, {
  descriptions: false,
  directiveIsRepeatable: false,
});

/** The same for Apollo Client, in its own format. */
const possibleTypes = Object.fromEntries(
  Object.values(schema.getTypeMap())
    .filter(isAbstractType)
    .map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
);

const SNIPPETS = 'docs/clients.md';

const typed: { filename: string; content: string }[] = await generate(config, false);
const files = [
  { filename: 'schema.graphql', content: sdl },
  { filename: 'possibleTypes.json', content: `${JSON.stringify(possibleTypes, null, 2)}\n` },
  { filename: 'docs/errors.md', content: toErrorsPage(schema) },
  { filename: 'client/schema.ts', content: toClientSchema(schema) },
  { filename: 'examples/web/src/gql/schema.json', content: JSON.stringify(introspection) },
  { filename: 'examples/clients/gql/schema.json', content: JSON.stringify(introspection) },
  { filename: SNIPPETS, content: await fillSnippets(await readFile(SNIPPETS, 'utf8')) },
  ...typed,
];

const stale: string[] = [];
for (const { filename, content } of files) {
  if ((await readFile(filename, 'utf8').catch(() => null)) === content) continue;
  stale.push(filename);
  if (process.argv.includes('--check')) continue;
  await mkdir(dirname(filename), { recursive: true });
  await writeFile(filename, content);
}

if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run: npm run codegen`);
  process.exitCode = 1;
} else {
  console.log(stale.length > 0 ? `Written: ${stale.join(', ')}` : 'All up to date.');
}

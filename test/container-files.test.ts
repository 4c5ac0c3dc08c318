/** The files for containers, checked against what their formats publish. Without Docker and without a cluster. */

import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DCLinter } from 'dclint';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ROOT } from './docs/support/pages.ts';

const read = (file: string) => readFile(join(ROOT, file), 'utf8');

/** A folder in which the compiler finds the packages of this repository; gone with its scope. */
async function makeFolder() {
  const path = join(ROOT, 'artifacts', `containers-${process.pid}`);
  await mkdir(path, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The types of the linter do not load with Node's module resolution. */
const Results = z.array(
  z.object({
    messages: z.array(z.object({ type: z.string(), rule: z.string(), message: z.string() })),
  }),
);

describe('compose.yaml', () => {
  /** The violations of the Compose specification's JSON schema, and other errors; no matters of style. */
  async function findFaults(text: string): Promise<string[]> {
    await using folder = await makeFolder();
    const file = join(folder.path, 'compose.yaml');
    await writeFile(file, text);
    const linter = new DCLinter({ rules: {}, quiet: true, debug: false, exclude: [] });
    return Results.parse(linter.lintFiles([file], false))
      .flatMap(({ messages }) => messages)
      .filter(({ type }) => type === 'error')
      .map(({ rule, message }) => `${rule}: ${message}`);
  }

  it('conforms to the Compose specification', async () => {
    expect(await findFaults(await read('compose.yaml'))).toEqual([]);
  });

  it.each([
    ['stop_grace_period', 'stop_grace_time'],
    ['condition: service_healthy', 'condition: service_well'],
    ["test: ['CMD-SHELL'", "tests: ['CMD-SHELL'"],
  ])('would be refused with a mistake in %s', async (right, wrong) => {
    const text = await read('compose.yaml');
    expect(text).toContain(right);
    expect(await findFaults(text.replace(right, wrong))).not.toEqual([]);
  });

  it('names only services, volumes and files that exist', async () => {
    const Compose = z.object({
      services: z.record(
        z.string(),
        z.object({
          depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
          volumes: z.array(z.string()).default([]),
          healthcheck: z.object({ disable: z.boolean().optional() }).optional(),
          build: z.string().optional(),
        }),
      ),
      volumes: z.record(z.string(), z.unknown()),
    });
    const { services, volumes } = Compose.parse(parse(await read('compose.yaml'), { merge: true }));

    const sources = Object.values(services).flatMap((service) =>
      service.volumes.map((volume) => volume.split(':')[0] ?? ''),
    );
    for (const service of Object.values(services)) {
      expect(Object.keys(services)).toEqual(
        expect.arrayContaining(Object.keys(service.depends_on)),
      );
    }
    for (const source of sources) {
      if (source.startsWith('.')) expect(await read(source)).not.toBe('');
      else expect(Object.keys(volumes)).toContain(source);
    }
    expect(await read('Dockerfile')).toMatch(/^HEALTHCHECK /m);
  });
});

describe('the Kubernetes file', () => {
  /** What the types of the Kubernetes API say about the documents: an unknown field is an error as well. */
  async function findFaults(text: string): Promise<string> {
    await using folder = await makeFolder();
    const program = parseAllDocuments(text).map((document, n) => {
      const value = document.toJS();
      const group = value.apiVersion === 'v1' ? 'core/v1' : value.apiVersion;
      return [
        `import type { ${value.kind} as Kind${n} } from 'kubernetes-types/${group}';`,
        `export const document${n}: Kind${n} = ${JSON.stringify(value, null, 1)};`,
      ].join('\n');
    });
    const file = join(folder.path, 'documents.ts');
    await writeFile(file, program.join('\n'));
    const options = [
      '--strict',
      '--noEmit',
      '--module',
      'preserve',
      '--ignoreConfig',
      '--checkers',
      '1',
    ];
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    return await promisify(execFile)(process.execPath, [tsc, ...options, '--types', '', file]).then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
  }

  it('conforms to the Kubernetes API', async () => {
    expect(await findFaults(await read('examples/kubernetes/longtake.yaml'))).toBe('');
  });

  it.each([
    ['kind: Service', 'kind: Servise'],
    ['apiVersion: policy/v1', 'apiVersion: policy/v1beta1'],
    ['readinessProbe:', 'readinesProbe:'],
    ['containerPort: 4000', "containerPort: '4000'"],
    ['minAvailable: 2', 'minAvailable: true'],
  ])('would be refused with a mistake in %s', async (right, wrong) => {
    const text = await read('examples/kubernetes/longtake.yaml');
    expect(text).toContain(right);
    expect(await findFaults(text.replace(right, wrong))).toMatch(
      /documents\.ts\(\d+,\d+\): error TS/,
    );
  });

  it('gives the Service and the disruption budget the pods of the Deployment', async () => {
    const documents = parseAllDocuments(await read('examples/kubernetes/longtake.yaml'));
    const [deployment, service, budget] = documents.map((document) => document.toJS());
    const { template, selector } = deployment.spec;

    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.metadata.labels).toMatchObject(service.spec.selector);
    expect(template.metadata.labels).toMatchObject(budget.spec.selector.matchLabels);
    const names = template.spec.containers[0].ports.map(({ name }: { name: string }) => name);
    expect(names).toContain(service.spec.ports[0].targetPort);
  });
});

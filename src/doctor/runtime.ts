import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type Finding, fault, ok } from './finding.ts';

const Package = z.object({ engines: z.object({ node: z.string() }) });

/** `engines` is of the form `^24 || >=26`: one major, and all from another on. */
export function examineRuntime(version: string): Finding {
  const { engines } = Package.parse(
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')),
  );
  const major = Number(/^v?(\d+)/.exec(version)?.[1]);
  const isSupported = engines.node.split('||').some((range) => {
    const [, sign, least] = /^\s*(\^|>=)(\d+)\s*$/.exec(range) ?? [];
    return sign === '^' ? major === Number(least) : major >= Number(least);
  });
  if (isSupported) return ok('runtime', `Node ${version}`);
  return fault(
    'runtime',
    `Node ${version} is not one of ${engines.node}`,
    'Run npm ci, which installs the right Node, then npm start.',
  );
}

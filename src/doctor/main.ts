/**
 * `longtake doctor`: checks the environment, the database, the callback route and the upstream. Changes
 * nothing and spends nothing. Exits with 1 if there is a fault, otherwise with 0, warnings included.
 * `--json` is for programs.
 */

import { readArguments } from '../arguments.ts';
import { type Config, EnvironmentError, readConfig } from '../config.ts';
import { readTrustedDocuments } from '../server/graphql/trusted-documents.ts';
import { toUrl } from '../server/listen.ts';
import { findWarnings } from '../startup-warnings.ts';
import { isShared } from '../store/database.ts';
import { examineAuth } from './auth.ts';
import { examineCallbacks } from './callbacks.ts';
import { examineCopies } from './copies.ts';
import { type Finding, fault, ok, SUBJECTS, type Subject, warning } from './finding.ts';
import { examineRunning } from './pauses.ts';
import { examinePostgres } from './postgres.ts';
import { examineRuntime } from './runtime.ts';
import { examineSqlite } from './sqlite.ts';
import { examineUpstream } from './upstream.ts';

/** The heading under which a warning about a variable is reported. */
const SUBJECT_OF: Readonly<Record<string, Subject>> = {
  PUBLIC_URL: 'callbacks',
  UPSTREAM_URL: 'upstream',
  DATABASE_URL: 'database',
  AUTH: 'auth',
  AUTH_JWKS_URL: 'auth',
};

const SEE =
  'docs/configuration.md lists all variables. Fix these, then run the doctor again for the other checks.';

const { values: asked } = readArguments({
  usage: `Usage: longtake doctor [--json]

Lists what is misconfigured in this environment. Changes nothing and spends nothing.

  --json   print the findings as JSON
`,
  options: { json: { type: 'boolean' } },
});

// The reader may close the pipe early, as in `longtake doctor | head`.
process.stdout.on('error', () => {});
const findings = await examine(process.env);
process.stdout.write(asked.json ? toJson(findings) : toText(findings));
process.exitCode = findings.some(({ level }) => level === 'fault') ? 1 : 0;

async function examine(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const runtime = examineRuntime(process.version);
  let config: Config;
  try {
    config = readConfig(env);
    readTrustedDocuments(config.TRUSTED_DOCUMENTS);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    // If there are several lines, the first is a heading.
    const lines = error.message.split('\n');
    const faults = lines.length > 1 ? lines.slice(1) : lines;
    return [
      runtime,
      ...faults.map((line, n) =>
        fault('environment', line.trim(), n === faults.length - 1 ? SEE : null),
      ),
    ];
  }
  const [auth, database, callbacks, upstream, copies, running] = await Promise.all([
    examineAuth(config),
    isShared(config.DATABASE_URL)
      ? examinePostgres(config)
      : examineSqlite(config.DATABASE_URL.slice('sqlite:'.length), config.SUBMITS_PER_DAY),
    examineCallbacks(config),
    examineUpstream(config),
    examineCopies(config),
    examineRunning(config),
  ]);
  const warnings = findWarnings(config, toUrl(config.HOST, config.PORT)).map((risk) =>
    warning(
      SUBJECT_OF[risk.variable] ?? 'environment',
      `${risk.variable}: ${risk.message}`,
      risk.fix,
    ),
  );
  const all = [runtime, ok('environment', 'every variable can be used')];
  const found = [
    ...all,
    ...auth,
    ...database,
    ...callbacks,
    ...upstream,
    ...copies,
    ...running,
    ...warnings,
  ];
  return found.sort((a, b) => SUBJECTS.indexOf(a.subject) - SUBJECTS.indexOf(b.subject));
}

function toText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, subject, message, fix }) => [
    `${level.padEnd(8)} ${subject.padEnd(12)} ${message}`,
    ...(fix ? [`${' '.repeat(22)}→ ${fix}`] : []),
  ]);
  const count = (level: Finding['level'], word: string) => {
    const number = findings.filter((finding) => finding.level === level).length;
    return `${number} ${word}${number === 1 ? '' : 's'}`;
  };
  return `${lines.join('\n')}\n\n${count('fault', 'fault')}, ${count('warning', 'warning')}\n`;
}

function toJson(findings: readonly Finding[]): string {
  return `${JSON.stringify(findings, null, 2)}\n`;
}

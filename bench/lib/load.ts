/** Load over HTTP: wrk where it is installed, autocannon otherwise. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Subject } from './subjects.ts';

const run = promisify(execFile);

export const LOAD_TOOL = existsSync('/usr/bin/wrk') ? 'wrk' : 'autocannon';

export interface Load {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @throws Error where any answer had another status than 200. */
export async function load(
  subject: Subject,
  body: unknown,
  seconds: number,
  connections = 50,
): Promise<Load> {
  const url = `${subject.url}/graphql`;
  const headers = { 'Content-Type': 'application/json', Authorization: subject.authorization };
  return LOAD_TOOL === 'wrk'
    ? withWrk(url, JSON.stringify(body), headers, seconds, connections)
    : withAutocannon(url, JSON.stringify(body), headers, seconds, connections);
}

async function withWrk(
  url: string,
  body: string,
  headers: Record<string, string>,
  seconds: number,
  connections: number,
): Promise<Load> {
  const folder = await mkdtemp(join(tmpdir(), 'longtake-wrk-'));
  const script = join(folder, 'post.lua');
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers["${name}"] = "${value}"`,
  );
  await writeFile(
    script,
    ['wrk.method = "POST"', `wrk.body = [==[${body}]==]`, ...lines].join('\n'),
  );
  try {
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, url];
    const { stdout } = existsSync('/usr/bin/taskset')
      ? await run('taskset', ['-c', '1', 'wrk', ...args])
      : await run('wrk', args);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url}: ${stdout}`);
    return {
      perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
      p50Ms: toMs(/^\s+50%\s+(\S+)/m.exec(stdout)?.[1]),
      p99Ms: toMs(/^\s+99%\s+(\S+)/m.exec(stdout)?.[1]),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function toMs(text = ''): number {
  const [, number, unit = ''] = /^([\d.]+)(us|ms|s|m)$/.exec(text) ?? [];
  return Number(number) * ({ us: 0.001, ms: 1, s: 1_000, m: 60_000 }[unit] ?? Number.NaN);
}

async function withAutocannon(
  url: string,
  body: string,
  headers: Record<string, string>,
  seconds: number,
  connections: number,
): Promise<Load> {
  const autocannon = createRequire(join(process.cwd(), 'bench/peers/package.json'))('autocannon');
  const result = await autocannon({
    url,
    body,
    headers,
    method: 'POST',
    connections,
    duration: seconds,
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${url}: ${result.non2xx} failed`);
  return {
    perSecond: result.requests.average,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  };
}

/** The processes of the bench. All of them end with it, however it ends. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

const HAS_TASKSET = existsSync('/usr/bin/taskset');

const children = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

/** Starts a program of the bench on one core, so that the subject and its load do not share one. */
export function spawnPinned(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  core: number,
): ChildProcess {
  const [command = '', ...before] = HAS_TASKSET
    ? ['taskset', '-c', String(core), process.execPath]
    : [process.execPath];
  const child = spawn(command, [...before, '--import', './bench/lib/end-with-parent.js', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.stderr?.on('data', (text: Buffer) => void process.stderr.write(text));
  children.add(child);
  child.on('exit', () => void children.delete(child));
  return child;
}

export function listChildren(): ReadonlySet<ChildProcess> {
  return new Set(children);
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await exited;
  clearTimeout(timer);
}

/** Kills those that a failed scenario has left, so that they do not disturb the next one. */
export async function killOthers(wanted: ReadonlySet<ChildProcess>): Promise<void> {
  for (const child of children) {
    if (wanted.has(child)) continue;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}

/** The next message of a child. @throws Error when it exits first, or sends nothing in time. */
export async function receive(child: ChildProcess, timeoutMs: number): Promise<unknown> {
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(timeoutMs)]);
  const exited = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${toName(child)} exited with code ${code}.`);
  });
  const timedOut = new Error(`${toName(child)} sent nothing within ${timeoutMs / 1_000} s.`);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), exited])) as [
      unknown,
    ];
    return message;
  } catch (error) {
    throw signal.aborted ? timedOut : error;
  } finally {
    exited.catch(() => {});
    abort.abort();
  }
}

function toName({ spawnargs }: ChildProcess): string {
  return spawnargs.find((arg) => /^(bench|src|dist)\//.test(arg)) ?? spawnargs.join(' ');
}

/** Writes the log asynchronously, so that a failing or slow output cannot block requests. */

import { write, writeSync } from 'node:fs';
import { setTimeout as delay, setImmediate as endOfTick } from 'node:timers/promises';
import { promisify } from 'node:util';
import { within } from '../within.ts';

const writeSome = promisify(write);

/** Characters waiting to be written; further lines are dropped. */
const MAX_BACKLOG = 16 * 1024 * 1024;
/** The longest pause between two attempts to write to a full pipe. */
const MAX_PAUSE_MS = 100;
const LINE_FEED = 10;

export interface LogOutput {
  /** Never throws and never waits. */
  write(line: string): void;
  /** Lines dropped since the start. */
  readonly dropped: number;
  /**
   * Waits for at most `withinMs` until everything is written. Resolves with false where the system
   * still has not returned from a write: its thread would keep `process.exit` from ending the process.
   */
  close(withinMs: number): Promise<boolean>;
}

/**
 * Writes on a thread, one write at a time. Lines that the output refuses (disk full, reader gone) are
 * dropped and counted.
 *
 * @param onRecovered called with the number of lines dropped before a write succeeded again.
 */
export function createLogOutput(fd: number, onRecovered: (lines: number) => void): LogOutput {
  // Opening its stream makes a pipe non-blocking (libuv). A blocking write to a pipe without a reader
  // never returns.
  if (fd === 1) void process.stdout;

  let waiting: string[] = [];
  let backlog = 0;
  let writing: Promise<void> | null = null;
  let isInCall = false;
  /** Whether the output ends in the middle of a line, because the rest of it was refused. */
  let isCut = false;
  let dropped = 0;
  let reported = 0;

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      // All lines of one event loop tick become one write.
      await endOfTick();
      const text = waiting.join('');
      waiting = [];
      if (await writeBatch(Buffer.from(isCut ? `\n${text}` : text))) report();
      backlog -= text.length;
    }
    writing = null;
  }

  /** Resolves with whether everything was written. */
  async function writeBatch(batch: Buffer): Promise<boolean> {
    let rest = batch;
    let pauseMs = 1;
    while (rest.length > 0) {
      try {
        isInCall = true;
        const { bytesWritten } = await writeSome(fd, rest).finally(() => {
          isInCall = false;
        });
        if (bytesWritten > 0) isCut = rest[bytesWritten - 1] !== LINE_FEED;
        rest = rest.subarray(bytesWritten);
        pauseMs = 1;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          dropped += countLines(rest);
          return false;
        }
        await delay(pauseMs, undefined, { ref: false });
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
      }
    }
    return true;
  }

  function report(): void {
    const lines = dropped - reported;
    reported = dropped;
    if (lines > 0) onRecovered(lines);
  }

  /** At exit, for the last lines before an uncaught error. */
  function writeRest(): void {
    if (isInCall) return;
    try {
      writeSync(fd, waiting.join(''));
    } catch {
      // The process is exiting, so that the failure cannot be reported.
    }
  }
  process.on('exit', writeRest);

  return {
    write(line) {
      if (backlog + line.length > MAX_BACKLOG) {
        dropped += 1;
        return;
      }
      backlog += line.length;
      waiting.push(line);
      writing ??= writeWaiting();
    },
    get dropped() {
      return dropped;
    },
    async close(withinMs) {
      await within(withinMs, Promise.resolve(writing), null);
      process.off('exit', writeRest);
      return !isInCall;
    },
  };
}

function countLines(text: Buffer): number {
  let count = 0;
  for (const byte of text) if (byte === LINE_FEED) count += 1;
  return count;
}

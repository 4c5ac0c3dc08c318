/** Metrics of copies. They exist only with `KEEP_URL`. */

import { Counter, Gauge, type Registry } from 'prom-client';
import type { CopyState } from '../store/copy-state.ts';
import { COPY_OUTCOMES, type CopyOutcome } from './metrics.ts';

/** @param read null without `KEEP_URL`; resolves with null while the database does not answer. */
export function watchCopies(
  register: Registry,
  read: (() => Promise<CopyState | null>) | null,
): (outcome: CopyOutcome, bytes: number) => void {
  if (read === null) return () => {};
  const registers = [register];
  const copies = new Counter({
    name: 'longtake_copies_total',
    help: 'Attempts to copy a file, by their outcome.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of COPY_OUTCOMES) copies.inc({ outcome }, 0);
  const bytesTotal = new Counter({
    name: 'longtake_copied_bytes_total',
    help: 'Bytes of the copies that were verified.',
    registers,
  });
  const gauge = (name: string, help: string, pick: (state: CopyState) => number | null) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const state = await read();
        const value = state && pick(state);
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  gauge(
    'longtake_copies_pending',
    'Files that are still to be copied, of all replicas together.',
    ({ pending }) => pending,
  );
  gauge(
    'longtake_copy_seconds_left',
    'Time until the upstream deletes the first file that has not been copied. Missing without any.',
    ({ secondsLeft }) => secondsLeft,
  );
  return (outcome, bytes) => {
    copies.inc({ outcome });
    bytesTotal.inc(bytes);
  };
}

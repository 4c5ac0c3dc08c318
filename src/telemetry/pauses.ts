/** Metrics of pauses: how long the rate limit or the breaker holds calls back. */

import { Gauge, type Registry } from 'prom-client';
import type { Pause } from '../store/pauses.ts';

/** The label of each kind of call. */
const CALLS = { submit: 'submits', read: 'reads' } as const;

export interface PauseReadings {
  /** Null while the database does not answer. */
  readonly pauses: () => Promise<readonly Pause[] | null>;
  /** How long the breaker of this replica stays open; 0 while it is closed. */
  readonly breakerSeconds: () => number;
}

export function watchPauses(register: Registry, readings: PauseReadings): void {
  const registers = [register];
  new Gauge({
    name: 'longtake_pause_seconds',
    help: 'How much longer calls are paused because the upstream has answered 429. Missing while the database is away.',
    labelNames: ['calls'],
    registers,
    async collect() {
      this.reset();
      const pauses = await readings.pauses();
      if (!pauses) return;
      for (const [name, calls] of Object.entries(CALLS)) {
        const pause = pauses.find((one) => one.name === name);
        this.set({ calls }, Math.max(0, pause?.remainingMs ?? 0) / 1_000);
      }
    },
  });
  new Gauge({
    name: 'longtake_breaker_open_seconds',
    help: 'How much longer this replica refuses submits before it sends one as a trial; 0 while it sends all.',
    registers,
    collect() {
      this.set(readings.breakerSeconds());
    },
  });
}

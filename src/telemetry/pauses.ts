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
    help: 'For how long calls are paused still, because the upstream has answered 429. Missing while the database is away.',
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
    help: 'For how long this replica refuses submits, until it lets one try; 0 while it sends them.',
    registers,
    collect() {
      this.set(readings.breakerSeconds());
    },
  });
}

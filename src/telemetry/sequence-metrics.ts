/** Metrics of sequences. */

import { Gauge, type Registry } from 'prom-client';
import { OPEN_SEQUENCE_STATES, type OpenSequences } from '../store/sequences.ts';

export interface SequenceReadings {
  /** Of all replicas together; null while the database does not answer. */
  readonly sequences: () => Promise<OpenSequences | null>;
}

export function watchSequences(register: Registry, readings: SequenceReadings): void {
  new Gauge({
    name: 'longtake_sequences',
    help: 'Sequences that are not finished, by state. Of all replicas together; missing while the database is away.',
    labelNames: ['state'],
    registers: [register],
    async collect() {
      const counts = await readings.sequences();
      if (!counts) return this.reset();
      for (const state of OPEN_SEQUENCE_STATES) this.set({ state }, counts[state]);
    },
  });
}

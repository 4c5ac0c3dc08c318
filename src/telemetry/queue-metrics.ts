/** Metrics of the queue of scheduled submits. */

import { Gauge, Histogram, type Registry } from 'prom-client';
import type { QueueState } from '../store/queue.ts';

export interface QueueReadings {
  /** Of all replicas together; null while the database does not answer. */
  readonly queue: () => Promise<QueueState | null>;
}

/** Returns the histogram that counts waiting times, in seconds. */
export function watchQueue(register: Registry, readings: QueueReadings): Histogram {
  const registers = [register];
  const gauge = (name: string, help: string, toValue: (queue: QueueState) => number) =>
    new Gauge({
      name,
      help: `${help} Of all replicas together; missing while the database is away.`,
      registers,
      async collect() {
        const queue = await readings.queue();
        if (queue) this.set(toValue(queue));
        else this.remove();
      },
    });
  gauge('longtake_queue_length', 'Submits that are scheduled.', ({ length }) => length);
  gauge(
    'longtake_queue_oldest_seconds',
    'How long the oldest scheduled submit has waited since it could have been sent; 0 without any.',
    ({ oldestSeconds }) => oldestSeconds,
  );
  return new Histogram({
    name: 'longtake_queue_wait_seconds',
    help: 'Time for which scheduled submits waited since they could have been sent.',
    buckets: [1, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400],
    registers,
  });
}

/**
 * Process metrics with the names that Prometheus clients use. prom-client's default metrics cannot be
 * stopped, observe each garbage collection and list every socket at every scrape.
 */

import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const RESOLUTION_MS = 20;

/** @returns a function that stops the measurement. */
export function watchProcess(register: Registry): () => void {
  const registers = [register];
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let last: EventLoopUtilization = performance.eventLoopUtilization();

  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
    registers,
  }).set(performance.timeOrigin / 1_000);
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: 'Heap in use, in bytes.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'longtake_event_loop_lag_seconds',
    help: 'How late the event loop came to its timers since the last scrape.',
    labelNames: ['quantile'],
    registers,
    collect() {
      // The histogram contains the time between two ticks of a timer, so subtract the interval.
      const toLag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) / 1e3;
      this.set({ quantile: '0.5' }, toLag(delays.percentile(50)));
      this.set({ quantile: '0.99' }, toLag(delays.percentile(99)));
      this.set({ quantile: '1' }, toLag(delays.max));
      delays.reset();
    },
  });
  new Gauge({
    name: 'longtake_event_loop_utilization_ratio',
    help: 'Share of the time since the last scrape in which the event loop was busy.',
    registers,
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
  return () => delays.disable();
}

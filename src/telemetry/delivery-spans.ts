/** Traces deliveries: a span from the committed end of a task to its first listener on this replica. */

import type { Database } from '../store/schema.ts';
import { findRow } from '../store/submits.ts';
import { isEnded, type Video } from '../video.ts';
import type { Tracing } from './tracing.ts';

/** Later events are replays for listeners that have reconnected, and are not traced. */
const FRESH_MS = 60_000;
const REMEMBERED = 10_000;

/** Call it for every event that a listener gets. Does nothing without tracing. */
export type TraceDelivery = (video: Video) => void;

export function createDeliverySpans(db: Database, tracing: Tracing): TraceDelivery {
  if (!tracing.isOn) return () => {};
  const known = new Set<string>();

  return ({ id, state, finishedAt }) => {
    // A failure may be followed by a success, which is a second completion.
    const key = `${id} ${state}`;
    const at = Date.now();
    if (!isEnded(state) || finishedAt === null || at - finishedAt > FRESH_MS || known.has(key)) {
      return;
    }
    known.add(key);
    if (known.size > REMEMBERED) known.delete(known.values().next().value ?? '');
    findRow(db, id).then(
      (row) => {
        if (!row) return;
        const span = tracing.start({
          name: 'deliver completion',
          kind: 'producer',
          parent: row.traceparent,
          begun: Math.min(finishedAt, at),
          attributes: { 'longtake.video': id, 'longtake.state': state },
        });
        span.end(undefined, at);
      },
      // A missing span is not worth a log line.
      () => {},
    );
  };
}

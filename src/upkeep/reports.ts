/** Applies what a read at the upstream reports to its row. */

import { type EndTaskParts, endTask } from '../delivery/end-task.ts';
import type { Change } from '../delivery/hub.ts';
import type { VideoEnd } from '../store/transitions/end-columns.ts';
import { countFilelessRead, noteOpen } from '../store/transitions/progress.ts';
import type { TaskReport } from '../upstream/details.ts';
import type { VideoFailure } from '../video.ts';

/** Reads of a success without a usable file after which the task fails. */
const FILELESS_READS = 3;

const FILELESS: VideoFailure = {
  reason: 'PROVIDER_ERROR',
  message: 'The upstream reports success without a usable video file.',
  upstreamCode: 200,
};

/**
 * Writes the report into the row and wakes subscribers. Null, an id that the upstream does not know (yet),
 * changes nothing.
 *
 * @param counts whether a success without a file counts towards failing the task: scheduled reads count,
 * reads that clients cause do not.
 */
export async function applyReport(
  parts: EndTaskParts,
  { id, owner }: Change,
  report: TaskReport | null,
  counts: boolean,
): Promise<void> {
  if (report === null) return;
  const { db, hub } = parts;
  const { state } = report;

  if (state === 'SUCCEEDED' || state === 'FAILED') {
    const outcome = state === 'SUCCEEDED' ? report.files : report.failure;
    const isFileless =
      counts && outcome === null && (await countFilelessRead(db, id)) >= FILELESS_READS;
    const end: VideoEnd | null = outcome
      ? { outcome, expired: report.expired, reported: true }
      : isFileless
        ? { outcome: FILELESS, reported: true }
        : null;
    if (end) await endTask(parts, { id, owner }, end, counts ? 'reconciliation' : 'client_read');
    return;
  }
  if (await noteOpen(db, id, state)) hub.publish({ id, owner });
}

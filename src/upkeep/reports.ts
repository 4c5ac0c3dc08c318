/** Applies what a read at the upstream reports to its row. */

import { type EndTaskParts, endTask } from '../delivery/end-task.ts';
import type { Change } from '../delivery/hub.ts';
import { scheduleCheckWithin } from '../store/check-leases.ts';
import { countFilelessRead, noteOpen } from '../store/transitions/progress.ts';
import type { TaskReport } from '../upstream/details.ts';
import type { VideoFailure } from '../video.ts';
import { FILELESS_GAP_MS } from './check-gaps.ts';

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
 * reads that clients cause do not, but move the next scheduled read forward.
 * @returns whether a success without a file was counted.
 */
export async function applyReport(
  parts: EndTaskParts,
  { id, owner }: Change,
  report: TaskReport | null,
  counts: boolean,
): Promise<boolean> {
  if (report === null) return false;
  const { db, hub } = parts;
  const { state } = report;

  if (state !== 'SUCCEEDED' && state !== 'FAILED') {
    if (await noteOpen(db, id, state)) hub.publish({ id, owner });
    return false;
  }

  const outcome = state === 'SUCCEEDED' ? report.files : report.failure;
  if (outcome) {
    const end = { outcome, expired: report.expired, reported: true };
    await endTask(parts, { id, owner }, end, counts ? 'reconciliation' : 'client_read');
    return false;
  }
  if (!counts) {
    await scheduleCheckWithin(db, id, FILELESS_GAP_MS);
    return false;
  }
  const reads = await countFilelessRead(db, id);
  if (reads >= FILELESS_READS) {
    const end = { outcome: FILELESS, reported: true };
    await endTask(parts, { id, owner }, end, 'reconciliation');
  }
  return reads > 0;
}

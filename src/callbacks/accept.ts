/** Applies a callback to its task and decides the response. */

import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type EndTaskParts, endConfirmedTask, endTask } from '../delivery/end-task.ts';
import { DAY_MS } from '../durations.ts';
import type { VideoRow } from '../store/rows.ts';
import { findRow } from '../store/submits.ts';
import { adoptTask } from '../store/transitions/confirm.ts';
import type { CallbackOutcome } from '../telemetry/metrics.ts';
import { inSpan, type Tracing } from '../telemetry/tracing.ts';
import { type CallbackReport, parseCallback } from '../upstream/callback.ts';
import type { Redact } from '../upstream/redact.ts';
import type { VideoFailure, VideoFiles } from '../video.ts';
import { toCreationTime } from '../video-id.ts';
import { type CallbackAddress, hashToken, isTokenOf } from './callback-url.ts';
import { claimsSignature, isSigned, type SignatureHeaders } from './signature.ts';

export interface CallbackParts extends EndTaskParts {
  readonly log: Logger;
  readonly config: Pick<Config, 'WEBHOOK_HMAC_KEY' | 'RETENTION_DAYS' | 'TASK_DEADLINE_MS'>;
  /** Removes the upstream key and callback URLs from the upstream's texts. */
  readonly redact: Redact;
  /** Makes the reconciler check due tasks now. */
  readonly wakeReconciler: () => void;
  readonly tracing: Tracing;
}

/** The HTTP status and message of the response. 200 only after the commit. */
export interface Verdict {
  readonly status: number;
  readonly message: string;
  readonly outcome: CallbackOutcome;
  /** For the log. */
  readonly facts?: { readonly taskId: string | null; readonly trace: string | undefined };
}

export const NO_SUCH_URL: Verdict = {
  status: 404,
  message: 'no such callback URL',
  outcome: 'unknown_url',
};
const ANOTHER_TASK: Verdict = {
  status: 409,
  message: 'another task than the one of this URL',
  outcome: 'another_task',
};

function toSuccess(outcome: CallbackOutcome): Verdict {
  return { status: 200, message: 'success', outcome };
}

function toEnded({ success }: CallbackReport): Verdict {
  return toSuccess(success ? 'succeeded' : 'failed');
}

/** How the task ended; null when it has not ended or the report names no usable file. */
function toOutcome({ success, files, failure }: CallbackReport): VideoFiles | VideoFailure | null {
  return success ? files : failure;
}

/**
 * Applies a callback. Everything that it reports is committed when this resolves.
 *
 * @param text the body, decoded.
 * @throws GatewayUnavailableError when it could not be stored.
 */
export async function acceptCallback(
  parts: CallbackParts,
  address: CallbackAddress,
  text: string,
  request: IncomingMessage,
): Promise<Verdict> {
  const report = parseCallback(text, parts.redact, request.headers['content-type']);
  return (
    (report && (await acceptUsual(parts, address, report, request))) ??
    acceptAny(parts, address, report, request)
  );
}

/**
 * The usual callback names a confirmed task and ends it: one statement finds the row, checks the URL's token
 * and ends the task. Null when nothing changed, for whatever reason.
 */
async function acceptUsual(
  parts: CallbackParts,
  { id, token }: CallbackAddress,
  report: CallbackReport,
  request: IncomingMessage,
): Promise<Verdict | null> {
  const { taskId } = report;
  const outcome = toOutcome(report);
  // With tracing the row must be read first, because it holds the trace's id.
  if (parts.tracing.isOn || !outcome || taskId === null) return null;
  if (!isFromUpstream(parts.config, request, taskId)) return null;
  const proof = { id, tokenHash: hashToken(token), taskId };
  const isEnded = await endConfirmedTask(parts, proof, { outcome, reported: true });
  return isEnded ? { ...toEnded(report), facts: { taskId, trace: undefined } } : null;
}

/** Reads the row first, so that the response can say what is wrong. */
async function acceptAny(
  parts: CallbackParts,
  { id, token }: CallbackAddress,
  report: CallbackReport | null,
  request: IncomingMessage,
): Promise<Verdict> {
  const { db, config, tracing } = parts;
  const row = await findRow(db, id);
  if (!row) {
    return isPruned(id, config) ? { status: 410, message: 'gone', outcome: 'pruned' } : NO_SUCH_URL;
  }
  if (!isTokenOf(row, token)) return NO_SUCH_URL;

  const span = {
    name: 'POST /callbacks/…',
    kind: 'server',
    parent: row.traceparent,
    link: single(request.headers.traceparent),
    attributes: { 'longtake.video': row.id },
  } as const;
  return inSpan(tracing, span, async ({ set }) => {
    const verdict = await acceptFor(parts, row, report, request);
    set('http.response.status_code', verdict.status);
    set('longtake.callback.outcome', verdict.outcome);
    return { ...verdict, facts: { taskId: row.task_id, trace: tracing.traceId() } };
  });
}

/** Applies a callback whose URL has been verified. */
async function acceptFor(
  parts: CallbackParts,
  row: VideoRow,
  report: CallbackReport | null,
  request: IncomingMessage,
): Promise<Verdict> {
  const { log, config } = parts;
  if (!report) return { status: 400, message: 'not a callback', outcome: 'not_a_callback' };

  const taskId = report.taskId ?? row.task_id;
  // The signature covers the task id. Without one, the URL's token is the only proof.
  const isUnnamed = taskId === null && !report.success && claimsSignature(toSignature(request));
  if (!isUnnamed && !isFromUpstream(config, request, taskId ?? '')) {
    return { status: 401, message: 'the signature is missing or wrong', outcome: 'unsigned' };
  }
  if (row.task_id !== null && taskId !== row.task_id) {
    log.error({ video: row.id, taskId }, 'a callback named another task than the one of its URL');
    return ANOTHER_TASK;
  }
  return record(parts, row, report);
}

/** Whether the signature is valid, where one is required. */
function isFromUpstream(
  { WEBHOOK_HMAC_KEY: keys }: CallbackParts['config'],
  request: IncomingMessage,
  taskId: string,
): boolean {
  return keys.length === 0 || isSigned(toSignature(request), taskId, keys);
}

function toSignature({ headers }: IncomingMessage): SignatureHeaders {
  return {
    timestamp: single(headers['x-webhook-timestamp']),
    signature: single(headers['x-webhook-signature']),
  };
}

/** Everything that the callback reports is committed when this resolves. */
async function record(
  parts: CallbackParts,
  row: VideoRow,
  report: CallbackReport,
): Promise<Verdict> {
  const { db, hub, log, config, wakeReconciler } = parts;
  // The source's id does not identify the new task; the URL does.
  const taskId = report.taskId === row.source_task_id ? null : report.taskId;
  const outcome = toOutcome(report);
  const end = outcome && { outcome, taskId, reported: true };
  if (end && (await endTask(parts, row, end, 'callback'))) return toEnded(report);

  // A repeat, an end that the state does not allow, progress, or a success without a file: it still
  // proves that the task exists, and may name its id.
  const { TASK_DEADLINE_MS: deadlineMs } = config;
  if (!(await adoptTask(db, row.id, taskId, outcome === null, deadlineMs))) {
    log.error({ video: row.id, taskId }, "a callback named another video's task");
    return ANOTHER_TASK;
  }
  hub.publish(row);
  if (!report.success && !report.failure) {
    wakeReconciler();
    return toSuccess('progress');
  }
  if (!outcome) {
    log.warn({ video: row.id }, 'a callback reported success without a usable file');
    wakeReconciler();
    return toSuccess('no_file');
  }
  return toSuccess('repeated');
}

/** An id contains its time, so a pruned row can be distinguished from one that never existed. */
function isPruned(id: string, config: Pick<Config, 'RETENTION_DAYS'>): boolean {
  const made = toCreationTime(id);
  return made !== null && made < Date.now() - config.RETENTION_DAYS * DAY_MS;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

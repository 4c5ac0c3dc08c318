/** One sequence on the real store, what may happen to it, and what must hold whatever happens. */

import { expect } from 'vitest';
import { cancelSequence } from '../../src/sequences/cancel.ts';
import type { MakingParts } from '../../src/sequences/create.ts';
import { resumeSequence } from '../../src/sequences/resume.ts';
import type { VideoRow } from '../../src/store/rows.ts';
import { pruneSequences } from '../../src/store/sequence-removals.ts';
import { adoptTask, confirmSubmit } from '../../src/store/transitions/confirm.ts';
import { endVideo } from '../../src/store/transitions/end.ts';
import { endConfirmedVideo } from '../../src/store/transitions/end-confirmed.ts';
import { returnToQueue } from '../../src/store/transitions/return-to-queue.ts';
import { takeWaiting } from '../../src/store/transitions/schedule.ts';
import { markUnconfirmed, recoverOrphans } from '../../src/store/transitions/unconfirmed.ts';
import { withdrawSubmit } from '../../src/store/transitions/withdraw.ts';
import { isEnded, type VideoFailure, type VideoState } from '../../src/video.ts';

export const OWNER = 'me';
const FILES = { videoId: null, videoUrl: 'https://files.example/v.mp4', coverUrl: null };
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Ends that the upstream reports. */
export type Report = 'success' | 'final' | 'passing';
const REASONS = { final: 'PROMPT_MODERATED', passing: 'UPLOAD_FAILED' } as const;

const toTaskId = ({ id }: VideoRow) => `task-${id}`;
const toOutcome = (report: Report) => (report === 'success' ? FILES : toFailure(REASONS[report]));
const toFailure = (reason: VideoFailure['reason']): VideoFailure => ({
  reason,
  message: 'it failed',
  upstreamCode: null,
});

export class Film {
  readonly parts: MakingParts;
  readonly id: string;
  /** Requests that were sent and not refused. */
  posts = 0;
  /** Shots, the original included, and the retries of all of them. */
  readonly allowed: number;
  /** The video that it starts from; null where that is foreign, or an original of its own. */
  readonly start: string | null;
  resumes = 0;
  private keys = 0;

  constructor(parts: MakingParts, id: string, allowed: number, start: string | null) {
    this.parts = parts;
    this.id = id;
    this.allowed = allowed;
    this.start = start;
  }

  get db() {
    return this.parts.db;
  }

  /** Its tries, and the video that it starts from. */
  rows(): Promise<VideoRow[]> {
    return this.db
      .selectFrom('video')
      .selectAll()
      .where(({ eb, or }) => or([eb('sequence_id', '=', this.id), eb('id', '=', this.start ?? '')]))
      .orderBy('id')
      .execute();
  }

  /** One of the rows in such a state. */
  private async pick(choice: number, states: readonly string[]): Promise<VideoRow | undefined> {
    const some = (await this.rows()).filter(({ state }) => states.includes(state));
    return some[choice % some.length];
  }

  async send(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SCHEDULED']);
    if (!row) return false;
    const taking = { tokenHash: `token-${row.id}`, runtimeMs: MINUTE_MS };
    const taken = await takeWaiting(this.db, { id: row.id, kind: 'LATER' }, taking);
    if (taken && row.id !== this.start) this.posts += 1;
    return taken !== undefined;
  }

  async confirm(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SUBMITTING', 'UNCONFIRMED', 'FAILED']);
    if (!row) return false;
    const confirmation = { id: row.id, taskId: toTaskId(row), firstCheckMs: 1 };
    return (await confirmSubmit(this.db, confirmation)) !== undefined;
  }

  /** The upstream reports the end of what was sent, as often as it likes and in any order. */
  async end(choice: number, report: Report): Promise<boolean> {
    const row = await this.pickSent(choice);
    if (!row) return false;
    const end = { outcome: toOutcome(report), taskId: toTaskId(row), reported: true };
    return (await endVideo(this.db, row.id, end)) !== null;
  }

  /** The same by the usual callback, which does not read the row first. */
  async callBack(choice: number, report: Report): Promise<boolean> {
    const row = await this.pickSent(choice);
    if (!row) return false;
    const proof = { id: row.id, tokenHash: row.token_hash, taskId: toTaskId(row) };
    const end = { outcome: toOutcome(report), reported: true };
    if (await endConfirmedVideo(this.db, proof, end)) return true;
    return this.end(choice, report);
  }

  /** What was withdrawn, or refused before, has never left. */
  private async pickSent(choice: number): Promise<VideoRow | undefined> {
    const states = ['SUBMITTING', 'UNCONFIRMED', 'WAITING', 'FAILED', 'SUCCEEDED'];
    const row = await this.pick(choice, states);
    return row && row.sent_at !== null ? row : undefined;
  }

  /** A callback shows that the task exists. */
  async adopt(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SUBMITTING', 'UNCONFIRMED']);
    return row ? adoptTask(this.db, row.id, toTaskId(row), true, HOUR_MS) : false;
  }

  /** Its time in the queue, or for an answer, is over. */
  async giveUp(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SCHEDULED', 'UNCONFIRMED']);
    if (!row) return false;
    const outcome = toFailure(row.state === 'SCHEDULED' ? 'NEVER_SENT' : 'NEVER_CONFIRMED');
    return (await endVideo(this.db, row.id, { outcome, reported: false })) !== null;
  }

  /** A refusal that passes: the upstream has started nothing, so this POST does not count. */
  async postpone(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SUBMITTING']);
    if (!row || !(await returnToQueue(this.db, row, 1, 0))) return false;
    if (row.id !== this.start) this.posts -= 1;
    return true;
  }

  /** A refusal for good. */
  async refuse(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SUBMITTING']);
    if (!row) return false;
    const end = { outcome: toFailure('INPUT_REFUSED'), reported: false, isRefusal: true };
    return (await endVideo(this.db, row.id, end)) !== null;
  }

  async loseAnswer(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SUBMITTING']);
    return row ? markUnconfirmed(this.db, row.id, MINUTE_MS) : false;
  }

  async withdraw(choice: number): Promise<boolean> {
    const row = await this.pick(choice, ['SCHEDULED']);
    return row ? (await withdrawSubmit(this.db, OWNER, row.id)) !== null : false;
  }

  /** The process dies and starts again. */
  async restart(): Promise<boolean> {
    const row = await this.pick(0, ['SUBMITTING']);
    await recoverOrphans(this.db, MINUTE_MS);
    return row !== undefined;
  }

  async resume(words: string | null, isRepeated: boolean): Promise<boolean> {
    if (!isRepeated) this.keys += 1;
    const current = Math.max(1, (await this.read())?.current ?? 1);
    const left = Math.max(1, (await this.shots()).length - current + 1);
    const shot = { prompt: words ?? '', quality: null, waterMark: null };
    const before = this.resumes;
    await resumeSequence(this.parts, {
      owner: OWNER,
      id: this.id,
      idempotencyKey: `resume-${this.keys}`,
      fingerprint: words ?? '',
      shots: words === null ? null : Array(left).fill(shot),
    }).catch((error: Error) => expect(error.name).toMatch(/Conflict|InvalidInput|NotFound/));
    const { length } = await this.db
      .selectFrom('sequence_resume')
      .select('idempotency_key')
      .where('sequence_id', '=', this.id)
      .execute();
    // They go with the sequence.
    this.resumes = Math.max(before, length);
    return this.resumes > before;
  }

  async cancel(): Promise<boolean> {
    const before = await this.read();
    if (!before) return false;
    await cancelSequence(this.parts, OWNER, this.id);
    return before.state !== 'COMPLETED' && before.state !== 'CANCELLED';
  }

  /** Everything becomes old, and what may be forgotten is. */
  async prune(): Promise<boolean> {
    const before = await this.read();
    if (!before) return false;
    const isOpen = (await this.rows()).some(
      ({ sequence_id, finished_at }) => sequence_id === this.id && finished_at === null,
    );
    const then = Date.now() - 2 * HOUR_MS;
    await this.db
      .updateTable('sequence')
      .set({ changed_at: then })
      .where('id', '=', this.id)
      .execute();
    await this.db
      .updateTable('video')
      .set({ finished_at: then })
      .where('sequence_id', '=', this.id)
      .where('finished_at', 'is not', null)
      .execute();
    await pruneSequences(this.db, HOUR_MS, 10);
    const isGone = (await this.read()) === undefined;
    expect(isGone).toBe(before.state !== 'RUNNING' && !isOpen);
    return isGone;
  }

  read() {
    return this.db.selectFrom('sequence').selectAll().where('id', '=', this.id).executeTakeFirst();
  }

  /** Without the original. */
  shots() {
    return this.db
      .selectFrom('shot')
      .selectAll()
      .where('sequence_id', '=', this.id)
      .where('number', '>', 0)
      .orderBy('number')
      .execute();
  }

  /** What must hold at any time. */
  async check(): Promise<void> {
    expect(this.posts).toBeLessThanOrEqual(this.allowed + this.resumes);
    const sequence = await this.read();
    const rows = await this.rows();
    const tries = rows.filter(({ sequence_id }) => sequence_id === this.id);
    if (sequence?.state !== 'RUNNING') {
      expect(tries.filter(({ state }) => state === 'SCHEDULED')).toEqual([]);
    }
    const shots = await this.shots();
    if (!sequence) {
      expect(shots).toEqual([]);
      return;
    }
    const { current, state } = sequence;
    const open = rows.filter((row) => !isEnded(row.state as VideoState));
    const ofCurrent = open.filter(({ shot_number: number }) => (number ?? 0) === current);
    if (state === 'RUNNING') expect(ofCurrent).toHaveLength(1);
    const done = shots.filter(({ number }) => state === 'COMPLETED' || number < current);
    let source = sequence.start_task_id;
    for (const { video_row: row } of done) {
      const video = tries.find(({ id }) => id === row);
      expect(video).toMatchObject({ state: 'SUCCEEDED', source_task_id: source });
      source = video?.task_id ?? null;
    }
  }

  /** Everything succeeds from now on: it must come to its end. */
  async finish(): Promise<void> {
    for (let step = 0; step < 200; step++) {
      const sequence = await this.read();
      if (sequence?.state !== 'RUNNING' && sequence?.state !== 'PAUSED') return;
      await this.send(0);
      const open = await this.pick(0, ['SUBMITTING', 'UNCONFIRMED', 'WAITING']);
      if (open) await this.endWell(open);
      // Nothing can make a start again that was never made.
      else if (this.start !== null && sequence.current === 0) return;
      else if (sequence.state === 'PAUSED') await this.resume(null, false);
      await this.check();
    }
    throw new Error('The sequence is stuck.');
  }

  private async endWell(row: VideoRow): Promise<void> {
    await endVideo(this.db, row.id, { outcome: FILES, taskId: toTaskId(row), reported: true });
  }
}

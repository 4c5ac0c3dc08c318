/** Reads of sequences. Every read for a client is limited to one owner. */

import { sql } from 'kysely';
import {
  type Sequence,
  type SequenceParts,
  type SequenceState,
  type Shot,
  START,
} from '../sequence.ts';
import type { Video } from '../video.ts';
import { countRows } from './count.ts';
import { isOnPage, type Page, type Place, toPageOrder } from './pages.ts';
import { toVideo } from './rows.ts';
import type { Database } from './schema.ts';
import { type SequenceRow, type ShotRow, toSequence } from './sequence-rows.ts';

/** The owner's sequence with this idempotency key. */
export async function findSequenceByKey(
  db: Database,
  owner: string,
  idempotencyKey: string,
): Promise<SequenceRow | undefined> {
  return db
    .selectFrom('sequence')
    .selectAll()
    .where('owner', '=', owner)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
}

/** The fingerprint of the resume with this key; undefined when there is none. */
export async function findResume(
  db: Database,
  sequenceId: string,
  idempotencyKey: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('sequence_resume')
    .select('fingerprint')
    .where('sequence_id', '=', sequenceId)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirst();
  return row?.fingerprint;
}

/** Counts the keys of `resumeSequence` that are stored for the sequence, up to `limit`. */
export async function countResumes(
  db: Database,
  sequenceId: string,
  limit: number,
): Promise<number> {
  return countRows(
    db,
    db
      .selectFrom('sequence_resume')
      .select('idempotency_key as id')
      .where('sequence_id', '=', sequenceId)
      .limit(limit),
  );
}

export async function findShots(db: Database, sequenceId: string): Promise<ShotRow[]> {
  return db
    .selectFrom('shot')
    .selectAll()
    .where('sequence_id', '=', sequenceId)
    .orderBy('number')
    .execute();
}

/** Whether a submit of the sequence waits to be sent. */
export async function hasScheduledTry(db: Database, sequenceId: string): Promise<boolean> {
  const row = await db
    .selectFrom('video')
    .select('id')
    .where('sequence_id', '=', sequenceId)
    .where('state', '=', 'SCHEDULED')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Counts the owner's RUNNING sequences, up to `limit`. */
export async function countRunning(db: Database, owner: string, limit: number): Promise<number> {
  return countRows(
    db,
    db
      .selectFrom('sequence')
      .select('id')
      .where('owner', '=', owner)
      .where('state', '=', 'RUNNING')
      .limit(limit),
  );
}

export async function findSequences(
  db: Database,
  owner: string,
  ids: readonly string[],
): Promise<Map<string, Sequence>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('sequence')
    .selectAll()
    .where('id', 'in', ids)
    .where('owner', '=', owner)
    .execute();
  return new Map(rows.map((row) => [row.id, toSequence(row)]));
}

/** Lists the owner's sequences, newest first. Reads a page per state along its index, in one statement. */
export async function listSequences(
  db: Database,
  owner: string,
  states: readonly SequenceState[] | null,
  { limit, before }: Page,
): Promise<Sequence[]> {
  const places: Place[] =
    states === null ? [{ owner }] : [...new Set(states)].map((state) => ({ owner, state }));
  const pages = places.map((place) =>
    db
      .selectFrom('sequence')
      .selectAll()
      .where(isOnPage(place, before))
      .orderBy(toPageOrder(place))
      .limit(limit),
  );
  const [first, ...others] = pages.map((page) => db.selectFrom(page.as('page')).selectAll());
  if (!first) return [];
  const all = others.reduce((some, one) => some.unionAll(one), first);
  const rows = await db
    .selectFrom(all.as('page'))
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toSequence);
}

/** Reads the shots and videos of the owner's sequences, in two statements. */
export async function findParts(
  db: Database,
  owner: string,
  sequences: readonly Sequence[],
): Promise<Map<string, SequenceParts>> {
  if (sequences.length === 0) return new Map();
  const ids = sequences.map(({ id }) => id);
  const startIds = sequences.flatMap(({ startVideoId }) => startVideoId ?? []);
  const shots = await db
    .selectFrom('shot')
    .selectAll()
    .where('sequence_id', 'in', ids)
    .orderBy('number')
    .execute();
  const rows = await db
    .selectFrom('video')
    .selectAll()
    .where((eb) => {
      const isTry = eb('sequence_id', 'in', ids);
      return startIds.length === 0 ? isTry : eb.or([isTry, eb('id', 'in', startIds)]);
    })
    .orderBy('id')
    .execute();
  const own = rows.filter((row) => row.owner === owner && row.state !== 'DELETED');
  const videos = new Map(own.map((row) => [row.id, toVideo(row)]));
  const triesOf = Map.groupBy(own, (row) => `${row.sequence_id} ${row.shot_number}`);
  return new Map(
    sequences.map((sequence) => [
      sequence.id,
      {
        start: videos.get(sequence.startVideoId ?? '') ?? null,
        videos,
        shots: shots
          .filter(({ sequence_id, number }) => sequence_id === sequence.id && number !== START)
          .map((shot) => {
            const tries = triesOf.get(`${sequence.id} ${shot.number}`) ?? [];
            return toShot(
              shot,
              tries.flatMap(({ id }) => videos.get(id) ?? []),
            );
          }),
      },
    ]),
  );
}

function toShot({ number, prompt, quality, water_mark, video_row }: ShotRow, tries: Video[]): Shot {
  const video = tries.find(({ id }) => id === video_row) ?? null;
  return { number, prompt, quality, waterMark: water_mark, video, tries };
}

/** At most this many sequences are counted per state: above it the count is a lower bound. */
const COUNT_LIMIT = 10_000;

export const OPEN_SEQUENCE_STATES = ['RUNNING', 'PAUSED'] as const;
export type OpenSequences = Readonly<Record<(typeof OPEN_SEQUENCE_STATES)[number], number>>;

/** Counts the unfinished sequences of all owners along an index. */
export async function countOpenSequences(db: Database): Promise<OpenSequences> {
  const count = (state: SequenceState) =>
    sql<number>`(
      select count(*) from (
        select 1 from sequence where state = ${sql.lit(state)} limit ${sql.lit(COUNT_LIMIT)}
      ) as counted
    )`;
  const { RUNNING, PAUSED } = await db
    .selectNoFrom([count('RUNNING').as('RUNNING'), count('PAUSED').as('PAUSED')])
    .executeTakeFirstOrThrow();
  return { RUNNING: Number(RUNNING), PAUSED: Number(PAUSED) };
}

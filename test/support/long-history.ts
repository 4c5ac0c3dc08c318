/** A database with years behind it, made by two statements. */

import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';
import type { Database } from '../../src/store/schema.ts';
import { isEmbedded } from '../../src/store/sqlite.ts';
import { DAY_MS } from './backdate.ts';

export const OWNER = 'me';
export const OTHER_OWNER = 'other';
/** What the newer half of the videos extends. */
export const SOURCE = 'source';
/** The key of each refused submit. */
export const SPENT_KEY = 'spent';

const SPAN_MS = 50 * DAY_MS;

interface Layout {
  /** Rows are numbered by age, the oldest 0. */
  readonly firstOpen: number;
  readonly firstSucceeded: number;
  readonly firstTombstone: number;
  /** The last of the oldest half, each of which extends the one before. */
  readonly endOfChain: number;
}

export interface History extends Layout {
  /** The id and the task id of the row with this number. */
  toId(number: number): string;
  toTaskId(number: number): string;
}

/**
 * Laid out to be the worst for reads of an owner's newest: of the oldest a few are FAILED and a few are
 * open, then come SUCCEEDED ones; the third quarter is a hundred other owners', and the newest are tombstones.
 *
 * @param attemptsFrom leaves out earlier attempts, which a gateway would delete as soon as it starts.
 */
export async function makeHistory(
  url: string,
  size: number,
  owner = OWNER,
  attemptsFrom = 0,
): Promise<History> {
  const { db, close } = await openDatabase(url, { size: 1, statementTimeoutMs: 0 });
  const few = Math.min(50, Math.floor(size / 4));
  const layout = {
    firstOpen: few,
    firstSucceeded: 2 * few,
    firstTombstone: size - Math.floor(size / 4),
    endOfChain: Math.floor(size / 2),
  };
  const began = Date.now() - SPAN_MS;
  const step = Math.floor(SPAN_MS / size);
  const createIndexes = await dropIndexes(db);
  await insertVideos(db, layout, { owner, size, began, step });
  // The trigger of SQLite sees updates only.
  if (isEmbedded(db)) await sql`update video set listed = 0 where state = 'REJECTED'`.execute(db);
  await sql`
    insert into completion (owner, number, video_row, created_at)
    select owner, row_number() over (partition by owner order by id), id, finished_at from video
    where state in ('SUCCEEDED', 'FAILED')`.execute(db);
  // As many attempts as there are rows, as if everybody had been limited all the time.
  await sql`
    insert into attempt (owner, at, video_row) select owner, created_at, id from video
    where created_at >= ${sql.lit(attemptsFrom)}`.execute(db);
  await sql`
    insert into owner (owner, head, pruned)
    select owner, max(number), 0 from completion group by owner`.execute(db);
  // Most are kept; the newest are waiting for another attempt.
  const isPending = sql`unfinished_at > ${sql.lit(Date.now() - 7 * DAY_MS)}`;
  await sql`
    insert into file_copy (id, video_row, part, state, attempts, expires_at, kept_at, try_after)
    select id || '/film', id, 'film', case when ${isPending} then 'PENDING' else 'KEPT' end, 1,
      unfinished_at, finished_at, 0 from video
    where state = 'SUCCEEDED' and unfinished_at > ${sql.lit(Date.now() - 30 * DAY_MS)}`.execute(db);
  await sql`
    update video set keep_state = 'PENDING' where state = 'SUCCEEDED' and ${isPending}`.execute(db);
  await insertFilms(db, owner, size);
  await createIndexes();
  // PostgreSQL does this by itself; SQLite does not.
  if (!isEmbedded(db)) await sql`analyze`.execute(db);
  await close();
  return {
    ...layout,
    toId: (number) => toId(began + number * step),
    toTaskId: (number) => `task-${number}`,
  };
}

/** PostgreSQL inserts rows about twice as quickly without indexes. Returns what creates them again. */
async function dropIndexes(db: Database): Promise<() => Promise<void>> {
  if (isEmbedded(db)) return async () => {};
  const { rows } = await sql<{ name: string; definition: string }>`
    select indexname as name, indexdef as definition from pg_indexes
    where schemaname = current_schema and indexname not in (select conname from pg_constraint)
  `.execute(db);
  for (const { name } of rows) await sql`drop index ${sql.id(name)}`.execute(db);
  return async () => {
    for (const { definition } of rows) await sql.raw(definition).execute(db);
  };
}

/** A sequence of one shot for every four videos: most of the older ones are another owner's. */
async function insertFilms(db: Database, owner: string, size: number): Promise<void> {
  const count = Math.floor(size / 4);
  const began = sql.lit(Date.now() - SPAN_MS);
  await sql`
    insert into sequence (id, owner, state, idempotency_key, fingerprint, retries, quality, water_mark,
      current, start_task_id, queue_ms, created_at, changed_at, finished_at)
    with recursive n(i) as (
      select cast(100000 as bigint) union all select i + 1 from n where i < ${sql.lit(99_999 + count)}
    )
    select 'sequence-' || i,
      case when i % 2 = 0 then ${sql.lit(owner)} else ${sql.lit(OTHER_OWNER)} end,
      case when i % 500 = 0 then 'PAUSED' else 'COMPLETED' end,
      'film-' || i, 'fingerprint', 0, 'P720', '', 1, ${sql.lit(SOURCE)}, 1000,
      ${began} + i, ${began} + i, case when i % 500 = 0 then null else ${began} + i end
    from n`.execute(db);
  await sql`
    insert into shot (sequence_id, number, prompt, quality, water_mark)
    select id, 1, 'The cat goes on dancing', 'P720', '' from sequence`.execute(db);
}

function toId(time: number): string {
  const hex = time.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

interface Span {
  readonly owner: string;
  readonly size: number;
  readonly began: number;
  readonly step: number;
}

async function insertVideos(
  db: Database,
  { firstOpen, firstSucceeded, firstTombstone, endOfChain }: Layout,
  { owner, size, began, step }: Span,
): Promise<void> {
  const time = sql`(${sql.lit(began)} + i * ${sql.lit(step)})`;
  const hex = isEmbedded(db) ? sql`printf('%012x', ${time})` : sql`lpad(to_hex(${time}), 12, '0')`;
  const state = sql`case
    when i < ${sql.lit(firstOpen)} then 'FAILED'
    when i < ${sql.lit(firstSucceeded)} then 'GENERATING'
    when i < ${sql.lit(firstTombstone)} then 'SUCCEEDED'
    else 'REJECTED' end`;
  const isOpen = sql`(i >= ${sql.lit(firstOpen)} and i < ${sql.lit(firstSucceeded)})`;
  const isTombstone = sql`i >= ${sql.lit(firstTombstone)}`;
  const ownerOf = sql`case
    when i <= ${sql.lit(endOfChain)} or ${isTombstone} then ${sql.lit(owner)}
    when i % 2 = 0 then ${sql.lit(OTHER_OWNER)}
    else ${sql.lit(`${OTHER_OWNER}-`)} || (i % 99) end`;
  await sql`
    insert into video (id, owner, state, idempotency_key, key_held, fingerprint, source_task_id,
      prompt, quality, water_mark, submit_until, token_hash, rejection, task_id, video_url, failure_reason,
      created_at, finished_at, unfinished_at, check_after)
    with recursive n(i) as (
      select cast(0 as bigint) union all select i + 1 from n where i < ${sql.lit(size - 1)}
    )
    select
      substr(${hex}, 1, 8) || '-' || substr(${hex}, 9) || '-7000-8000-000000000000',
      ${ownerOf},
      ${state},
      case when ${isTombstone} then ${sql.lit(SPENT_KEY)} else 'key-' || i end,
      case when ${isTombstone} then 0 else 1 end,
      'fingerprint',
      case when i > 0 and i <= ${sql.lit(endOfChain)} then 'task-' || (i - 1) else ${sql.lit(SOURCE)} end, 'The cat goes on dancing', 'P720', '', ${time}, 'token', null,
      case when ${isTombstone} then null else 'task-' || i end,
      'https://files.example/v.mp4',
      case when i < ${sql.lit(firstOpen)} then 'PROVIDER_ERROR' end,
      ${time},
      case when ${isOpen} then null else ${time} + 60000 end,
      ${time},
      case when ${isOpen} then ${sql.lit(Date.now())} + 3600000 + i end
    from n`.execute(db);
}

/** Reads of videos. Every one is scoped to an owner. */

import { sql } from 'kysely';
import type { Video, VideoState } from '../video.ts';
import { type Prepared, prepare } from './prepared.ts';
import { LISTED_STATES, toRowStates, toVideo, type VideoRow } from './rows.ts';
import type { Database } from './schema.ts';

/**
 * The owner's videos by their own ids or by the upstream's task ids, in one statement. A key maps
 * to null when the store knows it and the owner must not: another's, or a tombstone. A key that
 * the store does not know is absent.
 */
export async function findVideos(
  db: Database,
  owner: string,
  keys: readonly string[],
): Promise<Map<string, Video | null>> {
  // PostgreSQL stores no NUL, and refuses to look for one.
  const known = keys.filter((key) => !key.includes('\0'));
  if (known.length === 0) return new Map();
  const { rows } = await toFinder(known.length)(db, known);

  const found = new Map<string, Video | null>();
  for (const row of rows) {
    const video = row.owner === owner && row.state !== 'REJECTED' ? toVideo(row) : null;
    found.set(row.id, video);
    if (row.task_id !== null) found.set(row.task_id, video);
  }
  return found;
}

type FindByKeys = Prepared<readonly string[], VideoRow>;

/** By the number of keys, which is bounded by whoever asks for several. */
const finders = new Map<number, FindByKeys>();

function toFinder(count: number): FindByKeys {
  const known = finders.get(count);
  if (known) return known;
  const find: FindByKeys = prepare((db, param) => {
    const keys = Array.from({ length: count }, (_, index) => param(index));
    return db
      .selectFrom('video')
      .selectAll()
      .where((eb) => eb.or([eb('id', 'in', keys), eb('task_id', 'in', keys)]));
  });
  finders.set(count, find);
  return find;
}

/** One of the owner's videos by its own id or its task id; null as in `findVideos`. */
export async function findVideo(
  db: Database,
  owner: string,
  key: string,
): Promise<Video | null | undefined> {
  return (await findVideos(db, owner, [key])).get(key);
}

export interface VideoFilter {
  readonly states?: readonly VideoState[] | null | undefined;
  /** Only extensions of this task. */
  readonly sourceTaskId?: string;
}

/** The owner's videos, newest first, from below the id `before`. Ids are ordered by time. */
export async function listVideos(
  db: Database,
  owner: string,
  filter: VideoFilter,
  page: { limit: number; before: string | null },
): Promise<Video[]> {
  // PostgreSQL knows no empty list.
  if (filter.states?.length === 0) return [];
  let query = db
    .selectFrom('video')
    .selectAll()
    .where('owner', '=', owner)
    .where('state', 'in', filter.states ? toRowStates(filter.states) : LISTED_STATES);
  if (filter.sourceTaskId !== undefined) {
    query = query.where('source_task_id', '=', filter.sourceTaskId);
  }
  if (page.before !== null) query = query.where('id', '<', page.before);
  const rows = await query.orderBy('id', 'desc').limit(page.limit).execute();
  return rows.map(toVideo);
}

/**
 * For each of the given task ids: the owner's video of it, that one's source, and so on, nearest
 * first, as far as the store knows them and at most `depth` steps. One statement for all.
 */
export async function findLineages(
  db: Database,
  owner: string,
  taskIds: readonly string[],
  depth: number,
): Promise<Map<string, Video[]>> {
  const lineages = new Map<string, Video[]>(taskIds.map((taskId) => [taskId, []]));
  if (depth === 0) return lineages;
  const rows = await db
    .withRecursive('lineage(root, step, row, next)', (cte) =>
      cte
        .selectFrom('video')
        .select([
          sql<string>`task_id`.as('root'),
          sql<number>`1`.as('step'),
          'id as row',
          'source_task_id as next',
        ])
        .where('owner', '=', owner)
        .where('task_id', 'in', taskIds)
        .unionAll(
          cte
            .selectFrom('lineage')
            .innerJoin('video', 'video.task_id', 'lineage.next')
            .select([
              'lineage.root',
              sql<number>`lineage.step + 1`.as('step'),
              'video.id as row',
              'video.source_task_id as next',
            ])
            .where('video.owner', '=', owner)
            // An upstream that answers with a circle must not make us walk it for ever.
            .where('lineage.step', '<', depth),
        ),
    )
    .selectFrom('lineage')
    .innerJoin('video', 'video.id', 'lineage.row')
    .selectAll('video')
    .select(['lineage.root', 'lineage.step'])
    .orderBy('lineage.step')
    .execute();

  for (const row of rows) lineages.get(row.root)?.push(toVideo(row));
  return lineages;
}

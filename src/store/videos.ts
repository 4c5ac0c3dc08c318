/** Reads of videos. Every read is limited to one owner. */

import { type SqlBool, sql } from 'kysely';
import type { Video, VideoState } from '../video.ts';
import { toCreationTime } from '../video-id.ts';
import { isOnPage, type Page, type Place, toPageOrder } from './pages.ts';
import { type Prepared, prepare } from './prepared-statements.ts';
import { isVideo, toVideo, toVideoState, VIDEO_COLUMNS, type VideoRow } from './rows.ts';
import type { Database, RowState } from './schema.ts';
import { isEmbedded } from './sqlite.ts';

/**
 * Finds the owner's videos by their own ids or by the upstream's task ids. A key that belongs to another
 * owner, to a tombstone or to a deleted video maps to null; an unknown key is absent.
 */
export async function findVideos(
  db: Database,
  owner: string,
  keys: readonly string[],
): Promise<Map<string, Video | null>> {
  // PostgreSQL cannot store NUL and refuses it in a parameter.
  const known = keys.filter((key) => !key.includes('\0'));
  const found = new Map<string, Video | null>();
  const find = async (column: KeyColumn, some: readonly string[]) => {
    if (some.length === 0) return;
    // Repeats a key to fill the statement's parameters.
    const count = 2 ** Math.ceil(Math.log2(some.length));
    const { rows } = await toFinder(column, count)(db, some.concat(Array(count).fill(some[0])));
    for (const row of rows) {
      const video = row.owner === owner && isVideo(row.state) ? toVideo(row) : null;
      found.set(row.id, video);
      if (row.task_id !== null) found.set(row.task_id, video);
    }
  };
  // PostgreSQL plans a condition on one column in half the time of a condition on both.
  const isOwn = (key: string) => toCreationTime(key) !== null;
  const own = known.filter(isOwn);
  await Promise.all([
    find('id', own),
    find(
      'task_id',
      known.filter((key) => !isOwn(key)),
    ),
  ]);
  // The upstream's ids may have the form of ours.
  await find(
    'task_id',
    own.filter((key) => !found.has(key)),
  );
  return found;
}

type KeyColumn = 'id' | 'task_id';
type FindByKeys = Prepared<readonly string[], VideoRow>;

/** One per number of keys, rounded up to a power of two. The callers limit that number. */
const finders: Readonly<Record<KeyColumn, Map<number, FindByKeys>>> = {
  id: new Map(),
  task_id: new Map(),
};

function toFinder(column: KeyColumn, count: number): FindByKeys {
  const known = finders[column].get(count);
  if (known) return known;
  const find: FindByKeys = prepare((db, param) => {
    const keys = Array.from({ length: count }, (_, index) => param(index));
    return db.selectFrom('video').select(VIDEO_COLUMNS).where(column, 'in', keys);
  });
  finders[column].set(count, find);
  return find;
}

/** Finds one of the owner's videos by its own id or its task id; null also for an unknown key. */
export async function findVideo(
  db: Database,
  owner: string,
  key: string,
): Promise<Video | null | undefined> {
  return (await findVideos(db, owner, [key])).get(key);
}

/** Which videos to list: all, those in some states, or the extensions of one task. */
export type VideoFilter =
  | { readonly states?: readonly VideoState[] | null | undefined }
  | { readonly sourceTaskId: string };

/**
 * Lists the owner's videos, newest first (ids are ordered by time). The cost depends on the length of the
 * page, not on the number of videos.
 */
export async function listVideos(
  db: Database,
  owner: string,
  filter: VideoFilter,
  page: Page,
): Promise<Video[]> {
  if ('states' in filter && filter.states) {
    return (await listByStates(db, owner, filter.states, page)).map(toVideo);
  }
  const place: Place =
    'sourceTaskId' in filter ? { owner, source_task_id: filter.sourceTaskId } : { owner };
  const rows = await selectPage(db, place, page)
    .selectAll()
    // Literals, because a partial index is not used for a parameter.
    .where('state', '<>', sql.lit('REJECTED'))
    .where('state', '<>', sql.lit('DELETED'))
    // Says the same, and selects the index on SQLite, where the state is no condition of it.
    .$if(isEmbedded(db), (query) => query.where(sql<SqlBool>`listed = 1`))
    .execute();
  return rows.map(toVideo);
}

/**
 * Reads a page per state along its index, and returns the newest rows of all pages. Clients see rows in
 * flight in another state; there are few of them, so they are filtered afterwards.
 */
async function listByStates(
  db: Database,
  owner: string,
  states: readonly VideoState[],
  page: Page,
): Promise<VideoRow[]> {
  const [first, ...others] = toRowStates(states).map((state) =>
    db.selectFrom(selectPage(db, { owner, state }, page).select('id').as('page')).select('page.id'),
  );
  if (!first) return [];
  const ids = others.reduce((all, one) => all.unionAll(one), first);
  const rows = await db
    .selectFrom('video')
    .selectAll()
    .where('id', 'in', (eb) =>
      eb.selectFrom(ids.as('page')).select('page.id').orderBy('page.id', 'desc').limit(page.limit),
    )
    .orderBy('id', 'desc')
    .execute();
  const kept = rows.filter((row) => states.includes(toVideoState(row)));
  const last = rows.at(-1);
  const missing = page.limit - kept.length;
  if (!last || rows.length < page.limit || missing === 0) return kept;
  const more = await listByStates(db, owner, states, { limit: missing, before: last.id });
  return [...kept, ...more];
}

/** The states of the rows that clients may see in the given states. */
function toRowStates(states: readonly VideoState[]): RowState[] {
  const wanted = new Set<RowState>(states);
  if (wanted.has('UNCONFIRMED') || wanted.has('SCHEDULED')) wanted.add('SUBMITTING');
  return [...wanted];
}

function selectPage(db: Database, place: Place, { limit, before }: Page) {
  return db
    .selectFrom('video')
    .where(isOnPage(place, before))
    .orderBy(toPageOrder(place))
    .limit(limit);
}

/**
 * For each task id, returns the owner's video, its source, the source of that and so on: as far as they are
 * stored, and at most `depth` steps.
 */
export async function findLineages(
  db: Database,
  owner: string,
  taskIds: readonly string[],
  depth: number,
): Promise<Map<string, Video[]>> {
  const lineages = new Map<string, Video[]>(taskIds.map((taskId) => [taskId, []]));
  if (depth === 0 || taskIds.length === 0) return lineages;
  const { rows: steps } = await sql<{ root: string; id: string }>`
    with recursive lineage(root, step, id, next) as (
      select task_id, 1, id, source_task_id from video
      -- No column by itself: SQLite would read all of the owner's rows instead of these.
      where owner || '' = ${owner} and task_id in (${sql.join(taskIds)})
      union all
      -- No join: for many rows PostgreSQL would read the whole table instead of its index.
      select root, step + 1,
        (select video.id from video where task_id = lineage.next and owner = ${owner}),
        (select source_task_id from video where task_id = lineage.next and owner = ${owner})
      from lineage
      -- An upstream that answers with a circle must not make us walk it for ever.
      where next is not null and step < ${depth}
    )
    select root, id from lineage where id is not null order by step`.execute(db);

  const videos = await findById(db, [...new Set(steps.map(({ id }) => id))]);
  for (const { root, id } of steps) {
    const video = videos.get(id);
    if (video) lineages.get(root)?.push(video);
  }
  return lineages;
}

/** The limit of ids per statement. */
const MAX_IDS = 500;

/** Reads each video once, even if it is in several lineages. */
async function findById(db: Database, ids: readonly string[]): Promise<Map<string, Video>> {
  const videos = new Map<string, Video>();
  for (let from = 0; from < ids.length; from += MAX_IDS) {
    const some = ids.slice(from, from + MAX_IDS);
    const rows = await db.selectFrom('video').selectAll().where('id', 'in', some).execute();
    for (const row of rows) if (isVideo(row.state)) videos.set(row.id, toVideo(row));
  }
  return videos;
}

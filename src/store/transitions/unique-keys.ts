/** Expressions for the columns that are unique: the task id and the idempotency key. */

import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { Tables } from '../schema.ts';

/** Keeps the row's task id if it has one, and otherwise sets the given one. */
export function keepTaskId(taskId: string | null): Expression<string | null> {
  return sql<string | null>`coalesce(task_id, ${taskId})`;
}

/** Whether no other row holds this task id, checked in the statement that sets it. */
export function isUnclaimed(id: string, taskId: string | null) {
  return (eb: ExpressionBuilder<Tables, 'video'>): Expression<SqlBool> =>
    eb.not(
      eb.exists(
        eb
          .selectFrom('video as other')
          .select('other.id')
          .where('other.task_id', '=', taskId)
          .where('other.id', '!=', id),
      ),
    );
}

/**
 * For a tombstone, which has freed its key. When a callback proves that its task exists, the row takes the
 * key back unless a later submit holds it. Only another row counts: PostgreSQL, after it has waited for the
 * commit that frees the key, still finds the row itself as the holder.
 */
export const reclaimedKey = sql<number>`case
  when idempotency_key is null then 0
  when key_held = 1 then 1
  when exists (
    select 1 from video as holder
    where holder.owner = video.owner and holder.idempotency_key = video.idempotency_key
      and holder.key_held = 1 and holder.id <> video.id
  ) then 0
  else 1 end`;

/** Leaves the column as it is: the row does not claim the key. */
export const keptKey = sql<number>`key_held`;

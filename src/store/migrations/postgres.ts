/** Objects that exist only on PostgreSQL, in addition to the tables. */

import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** SQLite gets the function from `sqlite.ts`. Stable, so that indexes serve comparisons with it. */
export const clock: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create or replace function now_ms() returns bigint language sql stable as $$
        select (extract(epoch from statement_timestamp()) * 1000)::bigint
      $$`.execute(db);
  },
};

/**
 * Notifies every replica of a change, in the same transaction: delivered after the commit, and never
 * without it. The payload contains only the ids of the row and of its owner.
 */
export const notifications: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create or replace function notify_video() returns trigger language plpgsql as $$
        begin
          perform pg_notify('longtake_video', new.id || ' ' || left(new.owner, 4000));
          return null;
        end
      $$`.execute(db);
    await sql`
      create trigger video_changed after update on video for each row
      when (old.state is distinct from new.state or old.task_id is distinct from new.task_id)
      execute function notify_video()`.execute(db);
  },
};

/** Also notifies of copies, which every replica must show at once. */
export const copyNotifications: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`drop trigger video_changed on video`.execute(db);
    await sql`
      create trigger video_changed after update on video for each row
      when (
        old.state is distinct from new.state
        or old.task_id is distinct from new.task_id
        or (old.keep_state is distinct from new.keep_state and new.keep_state <> 'PENDING')
        or old.kept_cover is distinct from new.kept_cover
      )
      execute function notify_video()`.execute(db);
  },
};

/**
 * A server, role or database with `synchronous_commit = off` acknowledges commits that a crash of the
 * server loses: a lost row is a second payment, a lost completion is never delivered. A trigger, because
 * behind a pooler in transaction mode a session's setting could reach another client.
 * Stronger settings (`remote_apply`, …) are kept.
 *
 * @see https://www.postgresql.org/docs/current/wal-async-commit.html
 */
export const durableCommits: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create or replace function require_durable_commit() returns trigger language plpgsql as $$
        begin
          if current_setting('synchronous_commit') = 'off' then
            perform set_config('synchronous_commit', 'on', true);
          end if;
          return null;
        end
      $$`.execute(db);
    await sql`
      create trigger video_durable before insert or update on video for each statement
      execute function require_durable_commit()`.execute(db);
  },
};

/** Every replica learns of changes of sequences, and their commits are as durable as those of videos. */
export const sequenceTriggers: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      create trigger sequence_changed after update on sequence for each row
      when (old.revision is distinct from new.revision)
      execute function notify_video()`.execute(db);
    await sql`
      create trigger sequence_durable before insert or update on sequence for each statement
      execute function require_durable_commit()`.execute(db);
  },
};

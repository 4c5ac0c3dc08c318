import type { Database } from './schema.ts';

/** Whether anything is stored about an owner. */
export async function isKnownOwner(db: Database, owner: string): Promise<boolean> {
  const { known } = await db
    .selectNoFrom(({ exists, or, selectFrom }) =>
      or([
        exists(selectFrom('owner').select('owner').where('owner', '=', owner)),
        exists(selectFrom('video').select('id').where('owner', '=', owner)),
        exists(selectFrom('sequence').select('id').where('owner', '=', owner)),
        exists(selectFrom('attempt').select('at').where('owner', '=', owner)),
        exists(selectFrom('lane').select('owner').where('owner', '=', owner)),
      ]).as('known'),
    )
    .executeTakeFirstOrThrow();
  // A number on SQLite.
  return Boolean(known);
}

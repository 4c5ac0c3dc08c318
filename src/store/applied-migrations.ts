/** Which migrations have been applied to a database, and whether this version can use it. */

export const TABLE = 'longtake_migration';
/** Earlier versions used Kysely's default name, which other programs that use Kysely have as well. */
export const FORMER_TABLE = 'kysely_migration';

/** What the migrations create. They would replace a function of the same name without an error. */
const OWN_TABLES = ['video', 'completion', 'owner', 'allowance', 'meta'];
const OWN_FUNCTIONS = ['now_ms', 'notify_video', 'require_durable_commit'];

/** Runs a statement that reads. The gateway and its doctor have clients of different kinds. */
export type Ask = (statement: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

export interface Landed {
  /** Quoted. Null on SQLite, which has no schemas, and when the search path names no existing schema. */
  readonly schema: string | null;
  /** Null on SQLite. */
  readonly searchPath: string | null;
  /** The table with the names of the migrations; null when no gateway has used this database. */
  readonly table: string | null;
  /** Sorted. */
  readonly names: readonly string[];
  /** Tables and functions of other programs with names that the gateway needs. */
  readonly strangers: readonly string[];
}

export async function readLanded(engine: 'sqlite' | 'postgres', ask: Ask): Promise<Landed> {
  const [place] = engine === 'sqlite' ? [] : await ask(PLACE);
  const schema = place ? toText(place.schema) : null;
  const searchPath = place ? toText(place.path) : null;
  const found = await ask(engine === 'sqlite' ? SQLITE_OBJECTS : POSTGRES_OBJECTS);
  const table = findOwnTable(found);
  if (table !== null) {
    const rows = await ask(`select name from ${schema === null ? '' : `${schema}.`}${table}`);
    const names = rows.map(({ name }) => String(name)).sort();
    if (table === TABLE || names.includes('0001-videos')) {
      return { schema, searchPath, table, names, strangers: [] };
    }
  }
  const strangers = found.map(({ name }) => String(name)).filter((name) => !isMigrations(name));
  return { schema, searchPath, table: null, names: [], strangers: strangers.sort() };
}

const toText = (value: unknown) => (typeof value === 'string' ? value : null);
const isMigrations = (name: unknown) => name === TABLE || name === FORMER_TABLE;
const toList = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

const PLACE = `
  select quote_ident(current_schema()) as schema, current_setting('search_path') as path`;

const POSTGRES_OBJECTS = `
  select relname as name, exists (
    select from pg_catalog.pg_attribute where attrelid = pg_class.oid and attname = 'token_hash'
  ) as holds_tasks
  from pg_catalog.pg_class
  where relnamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema())
    and relname in (${toList([TABLE, FORMER_TABLE, ...OWN_TABLES])})
  union all
  select distinct proname, false from pg_catalog.pg_proc
  where pronamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema())
    and proname in (${toList(OWN_FUNCTIONS)})`;

const SQLITE_OBJECTS = `
  select name, exists (
    select 1 from pragma_table_info(sqlite_schema.name) as info where info.name = 'token_hash'
  ) as holds_tasks
  from sqlite_schema where name in (${toList([TABLE, FORMER_TABLE, ...OWN_TABLES])})`;

/** Kysely's default table belongs to another program unless the gateway's own tables exist as well. */
function findOwnTable(found: readonly Readonly<Record<string, unknown>>[]): string | null {
  const has = (name: string) => found.some((object) => object.name === name);
  if (has(TABLE)) return TABLE;
  const isOurs = found.some(({ name, holds_tasks }) => name === 'video' && Boolean(holds_tasks));
  return isOurs && has(FORMER_TABLE) ? FORMER_TABLE : null;
}

export interface MigrationFault {
  readonly problem: string;
  /** A sentence. */
  readonly remedy: string;
}

/**
 * @param migrations the names that this version knows.
 * @returns null when there is no fault.
 */
export function findFault(landed: Landed, migrations: readonly string[]): MigrationFault | null {
  const { schema, searchPath, table, names, strangers } = landed;
  if (schema === null && searchPath !== null) {
    return {
      problem: `no schema of the search_path (${searchPath}) exists, or none that this user may use`,
      remedy: 'Create it, or change the search_path.',
    };
  }
  const place = schema === null ? 'the file' : `the schema ${schema}`;
  if (strangers.length > 0) {
    return {
      problem: `${place} belongs to another program, which uses these names in it: ${strangers.join(', ')}`,
      remedy: schema === null ? 'Name another file.' : OWN_SCHEMA,
    };
  }
  const known = migrations.toSorted();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 && unknown.every((name) => name > (known.at(-1) ?? ''))) {
    return {
      problem: 'a newer version of the gateway has migrated it',
      remedy: 'Run that one, or restore a backup from before the upgrade.',
    };
  }
  const wrong = names.findIndex((name, index) => name !== known[index]);
  if (wrong === -1) return null;
  return {
    problem: `${table} of ${place} has ${names[wrong]} in the place of ${known[wrong]}: no version of the gateway creates this order`,
    remedy: 'Restore a backup.',
  };
}

export const OWN_SCHEMA =
  'Give the gateway a schema of its own: create schema longtake, and add options=-c%20search_path%3Dlongtake to the parameters of DATABASE_URL.';

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { openDatabase } from '../src/store/database.ts';
import { ReadVideosDocument } from './generated/graphql.ts';
import { forget } from './support/forget.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { sharedPostgres } from './support/postgres.ts';
import { bearerOf, ISSUER, JWT_ENV } from './support/tokens.ts';

const postgres = sharedPostgres();
const WRONG_USAGE = 64;

async function store(owners: readonly string[]): Promise<string> {
  const url = await postgres.createDatabase();
  const { db, close } = await openDatabase(url);
  for (const owner of owners) {
    await sql`insert into owner (owner, head, pruned) values (${owner}, 1, 0)`.execute(db);
  }
  await close();
  return url;
}

async function listOwners(url: string): Promise<string[]> {
  const { db, close } = await openDatabase(url);
  const rows = await db.selectFrom('owner').select('owner').orderBy('owner').execute();
  await close();
  return rows.map(({ owner }) => owner);
}

describe('the name of the owner to forget', () => {
  it('may contain the subject as it is in the token', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    const DATABASE_URL = await postgres.createDatabase();
    await using gateway = await startGateway(sandbox, { ...JWT_ENV, DATABASE_URL });
    const caller = gateway.as(bearerOf('us-east-1:7c1f 100%'));
    const { taskId } = await extend(caller);
    await sandbox.complete(taskId);

    const { code, text } = await forget({ DATABASE_URL }, `jwt:${ISSUER}:us-east-1:7c1f 100%`);

    const stored = `jwt:${ISSUER}:us-east-1%3A7c1f 100%25`;
    expect(text).toBe(
      `The stored name is ${stored}\n${stored}: 1 videos and refused submits deleted\n0 copies of files removed\n`,
    );
    expect(code).toBe(0);
    await expect
      .poll(async () => (await caller.graphql(ReadVideosDocument, { first: 9 })).data.videos.edges)
      .toEqual([]);
  });

  it('is first looked up as it is', async () => {
    const DATABASE_URL = await store(['jwt:-:a%3Ab', 'jwt:-:a%253Ab', 'jwt:-:c']);

    expect(await forget({ DATABASE_URL }, 'jwt:-:a%3Ab')).toMatchObject({ code: 0 });
    expect(await listOwners(DATABASE_URL)).toEqual(['jwt:-:a%253Ab', 'jwt:-:c']);
  });

  it('is refused when it may mean several owners', async () => {
    // The subject a:b:c without an issuer, and the subject b:c of the issuer -:a.
    const owners = ['jwt:-:a%3Ab%3Ac', 'jwt:-:a:b%3Ac'];
    const DATABASE_URL = await store(owners);

    const { code, text } = await forget({ DATABASE_URL }, 'jwt:-:a:b:c');

    for (const owner of owners) expect(text).toContain(owner);
    expect(code).toBe(1);
    expect(await listOwners(DATABASE_URL)).toEqual(owners);
  });

  it.each(['alice', 'jwt:alice', 'jwt:-:', 'key:', 'key:a b', 'OPEN', 'jwt', ''])(
    'is refused as %j, because no owner has such a name',
    async (name) => {
      const { code, text } = await forget({ DATABASE_URL: 'sqlite:/nowhere/gateway.db' }, name);

      expect(text).toContain('Usage: longtake forget-owner OWNER');
      expect(code).toBe(WRONG_USAGE);
    },
  );

  it('is missing in an answer that says which database has nothing about it', async () => {
    const DATABASE_URL = await store(['jwt:-:bob']);

    const { code, text } = await forget({ DATABASE_URL }, 'jwt:-:alice');

    const { host, pathname } = new URL(DATABASE_URL);
    expect(text).toContain(`Nothing is stored about jwt:-:alice in postgres://${host}${pathname}.`);
    expect(code).toBe(0);
    expect(await listOwners(DATABASE_URL)).toEqual(['jwt:-:bob']);
  });
});

describe('the database of the owner to forget', () => {
  it('is named also if the URL gives its host as a parameter', async () => {
    const url = new URL(await store([]));
    const { username, password, hostname, port, pathname } = url;
    const DATABASE_URL = `postgres://${username}:${password}@${pathname}?host=${hostname}&port=${port}`;

    const { code, text } = await forget({ DATABASE_URL }, 'jwt:-:alice');

    expect(text).toContain(`in postgres://${hostname}:${port}${pathname}. Check both names`);
    expect(code).toBe(0);
  });

  it.each([
    ['does not exist', async (_path: string) => {}],
    ['is empty', (path: string) => writeFile(path, '')],
  ])('is not created as SQLite file when it %s', async (_name, make) => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-forget-'));
    const path = join(folder, 'gateway.db');
    await make(path);
    const existed = existsSync(path);

    const { code, text } = await forget({ DATABASE_URL: `sqlite:${path}` }, 'jwt:-:alice');

    expect(text).toMatch(/^DATABASE_URL: .*no gateway has used/s);
    expect(code).toBe(1);
    expect(existsSync(path)).toBe(existed);
    await rm(folder, { recursive: true });
  });

  it('does not get tables on PostgreSQL', async () => {
    const DATABASE_URL = await postgres.createEmptyDatabase();

    const { code, text } = await forget({ DATABASE_URL }, 'jwt:-:alice');

    expect(text).toMatch(/^DATABASE_URL: .*no gateway has used/s);
    expect(code).toBe(1);
    expect(await forget({ DATABASE_URL }, 'jwt:-:alice')).toMatchObject({ code: 1 });
  });
});

import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { makeFolder } from './support/folder.ts';
import { IN_THE_ENVIRONMENT } from './support/mistakes.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { runProgram } from './support/program.ts';

const CONFIG = 78;
const FAILED = 1;

function start(env: Record<string, string>) {
  return runProgram('main.ts', {
    PORT: '0',
    APIKLEY_API_KEY: 'sandbox-key',
    UPSTREAM_URL: 'http://127.0.0.1:9',
    ...env,
  });
}

describe('a mistake in the environment', () => {
  it.each(Object.entries(IN_THE_ENVIRONMENT))(
    '(%s) prints one line with the variable and the fix, and exits with 78',
    async (_name, [env, line]) => {
      const { code, stdout, stderr } = await start(env);

      expect(stderr).toBe(`The environment is not usable:\n  ${line}\n`);
      expect(stdout).toBe('');
      expect(code).toBe(CONFIG);
    },
  );

  it('(a missing list of documents) also exits with 78', async () => {
    const { code, stderr } = await start({ TRUSTED_DOCUMENTS: 'nowhere.json' });

    expect(stderr).toBe('TRUSTED_DOCUMENTS: nowhere.json is not a readable list of documents.\n');
    expect(code).toBe(CONFIG);
  });
});

describe('a mistake on the machine', () => {
  it('(a port in use) prints the port and what to do', async () => {
    await using folder = await makeFolder();
    await using taken = await listenSomewhere();

    const { code, stderr } = await start({
      PORT: String(taken.port),
      DATABASE_URL: `sqlite:${join(folder.path, 'gateway.db')}`,
    });

    expect(stderr).toBe(
      `PORT: 127.0.0.1:${taken.port} is already in use. Stop the program that listens there, or set another PORT.\n`,
    );
    expect(code).toBe(FAILED);
  });

  it.each([
    ['sandbox/main.ts', []],
    ['demo/main.ts', ['--once']],
  ])('(the same for %s) prints the same sentence', async (program, args) => {
    await using taken = await listenSomewhere();

    const { code, stderr } = await runProgram(program, { PORT: String(taken.port) }, { args });

    expect(stderr).toBe(
      `PORT: 127.0.0.1:${taken.port} is already in use. Stop the program that listens there, or set another PORT.\n`,
    );
    expect(code).toBe(FAILED);
  });

  it('(the address of another machine) prints what HOST may be', async () => {
    const { code, stderr } = await start({
      HOST: '192.0.2.1',
      AUTH: 'none',
      DATABASE_URL: 'sqlite::memory:',
    });

    expect(stderr).toBe(
      'HOST: 192.0.2.1 is not an address of this machine. Set 127.0.0.1 for this machine only, or 0.0.0.0 for all networks.\n',
    );
    expect(code).toBe(FAILED);
  });

  it('(a file that another gateway uses) prints that one file serves one gateway', async () => {
    await using running = await startGatewayProcess({ url: 'http://127.0.0.1:9' });
    const path = join(running.folder, 'gateway.db');

    const { code, stderr } = await start({ DATABASE_URL: `sqlite:${path}` });

    expect(stderr).toBe(
      `DATABASE_URL: the SQLite file ${path} cannot be used: another process is using it. One file serves one gateway: stop the other process, or name another file.\n`,
    );
    expect(code).toBe(FAILED);
  });
});

describe('a downgrade', () => {
  it('is refused with instructions', async () => {
    await using newer = await startGatewayProcess({ url: 'http://127.0.0.1:9' });
    await newer.stop();
    const path = join(newer.folder, 'gateway.db');
    const file = new DatabaseSync(path);
    file.exec("insert into longtake_migration values ('9999-of-tomorrow', 'now')");
    file.close();

    const { code, stderr } = await start({ DATABASE_URL: `sqlite:${path}` });

    expect(stderr).toBe(
      'DATABASE_URL: the database could not be brought up to date: a newer version of the gateway has migrated it. Run that one, or restore a backup from before the upgrade.\n',
    );
    expect(code).toBe(FAILED);
  });
});

describe('a mistake about PostgreSQL', () => {
  const postgres = sharedPostgres();

  const PREFIX = 'DATABASE_URL: the database could not be brought up to date: ';

  it.each([
    ['a wrong port', { port: '9' }, 'nothing listens at 127.0.0.1:9. Is PostgreSQL running'],
    ['a misspelt host', { hostname: 'postgres.invalid' }, 'the host of postgres.invalid:'],
    ['a wrong password', { password: 'not-the-word' }, 'refuses the user postgres or the password'],
    [
      'a missing database',
      { pathname: '/not_there' },
      'has no database not_there. Create it: createdb not_there',
    ],
  ])('(%s) prints a sentence without the password', async (_name, change, sentence) => {
    const url = Object.assign(new URL(postgres.url), change);

    const { code, stderr } = await start({ DATABASE_URL: url.href });

    expect(stderr).toContain(`${PREFIX}`);
    expect(stderr).toContain(sentence);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stderr).not.toContain(url.href);
    expect(stderr).not.toContain('not-the-word');
    expect(code).toBe(FAILED);
  });

  it('(a folder without a socket) prints the file of the socket', async () => {
    const DATABASE_URL = 'postgres://user:not-the-word@/db?host=/nowhere&port=5433';

    const { code, stderr } = await start({ DATABASE_URL });

    expect(stderr).toBe(
      `${PREFIX}/nowhere/.s.PGSQL.5433 does not answer (connect ENOENT /nowhere/.s.PGSQL.5433).\n`,
    );
    expect(code).toBe(FAILED);
  });

  it('(a user without CREATE) prints what to grant', async () => {
    const url = new URL(await postgres.createEmptyDatabase());
    const user = `reader_${process.pid}`;
    await postgres.run(`create role ${user} login password 'word'`);
    Object.assign(url, { username: user, password: 'word' });

    const { code, stderr } = await start({ DATABASE_URL: url.href });
    await postgres.run(`drop role ${user}`);

    expect(stderr).toMatch(/^DATABASE_URL: .* may not create tables in .* Grant it CREATE/);
    expect(code).toBe(FAILED);
  });
});

async function listenSomewhere() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { type Certificates, makeCertificates } from './support/certificates.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { type PostgresServer, sharedPostgres, startPostgres } from './support/postgres.ts';
import { startGatewayProcess } from './support/process.ts';
import { runProgram } from './support/program.ts';

const UPSTREAM = { url: 'http://127.0.0.1:9' };
const PREFIX = 'DATABASE_URL: the database could not be brought up to date: ';
const STRICT = ['require', 'verify-ca', 'verify-full'];

// A server that TEST_DATABASE_URL names is not ours to configure.
describe.skipIf(process.env.TEST_DATABASE_URL)('PostgreSQL with TLS', () => {
  let postgres: PostgresServer;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  let files: Certificates;
  let port: string;
  beforeAll(async () => {
    [postgres, folder] = await Promise.all([startPostgres(), makeFolder()]);
    await chmod(folder.path, 0o755);
    files = await makeCertificates(folder.path, 'localhost');
    await switchTlsOn();
    ({ port } = new URL(postgres.url));
  });
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function switchTlsOn(): Promise<void> {
    const { uid, gid } = await stat(await readSetting('data_directory'));
    await chown(files.key, uid, gid);
    await chmod(files.key, 0o600);
    await postgres.run(`alter system set ssl_cert_file = '${files.certificate}'`);
    await postgres.run(`alter system set ssl_key_file = '${files.key}'`);
    await postgres.run('alter system set ssl = on');
    await reload();
    while ((await readSetting('ssl')) !== 'on');
  }

  async function readSetting(name: string): Promise<string> {
    const { rows } = await postgres.run(`select current_setting('${name}') as value`);
    return String(rows[0].value);
  }

  async function reload(): Promise<void> {
    await postgres.run('select pg_reload_conf()');
  }

  /** A database of its own, under these parameters, by the name of the certificate or another. */
  async function toUrl(parameters: Record<string, string>, hostname = 'localhost') {
    const url = new URL(await postgres.createDatabase());
    url.hostname = hostname;
    url.search = new URLSearchParams(parameters).toString();
    return url.href;
  }

  async function isEncrypted(url: string): Promise<boolean[]> {
    const { rows } = await postgres.run(
      `select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid)
       where datname = '${new URL(url).pathname.slice(1)}'`,
    );
    return rows.map(({ ssl }) => ssl);
  }

  it.each(STRICT)(
    'and sslmode=%s accepts the certificate of a trusted authority',
    async (sslmode) => {
      const DATABASE_URL = await toUrl({ sslmode, sslrootcert: files.authority });

      await using _gateway = await startGateway(UPSTREAM, { DATABASE_URL });

      expect(await isEncrypted(DATABASE_URL)).toEqual([true]);
    },
  );

  it.each([...STRICT, 'verify-full&sslrootcert=system'])(
    'and sslmode=%s refuses an untrusted certificate, and names the parameter that trusts it',
    async (sslmode) => {
      const DATABASE_URL = (await toUrl({ sslmode: '@' })).replace('%40', sslmode);

      const sentence = `the certificate of localhost:${port} is signed by an authority that is not trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE). Add sslrootcert=FILE to the parameters of the URL, the certificate of that authority; sslmode=no-verify encrypts without verifying the server.`;
      await expect(startGateway(UPSTREAM, { DATABASE_URL })).rejects.toThrow(PREFIX + sentence);
      expect((await consult(DATABASE_URL))?.message).toBe(`DATABASE_URL: ${sentence}`);
    },
  );

  it.each(STRICT)('and sslmode=%s refuses a certificate for another name', async (sslmode) => {
    const DATABASE_URL = await toUrl({ sslmode, sslrootcert: files.authority }, '127.0.0.1');

    await expect(startGateway(UPSTREAM, { DATABASE_URL })).rejects.toThrow(
      `${PREFIX}the certificate of 127.0.0.1:${port} is for another name`,
    );
  });

  it.each([
    ['no-verify', {}, 'localhost'],
    ['require', { uselibpqcompat: 'true' }, '127.0.0.1'],
    ['verify-ca', { uselibpqcompat: 'true', sslrootcert: '@' }, '127.0.0.1'],
  ])('and sslmode=%s with %j encrypts with less verification', async (sslmode, more, hostname) => {
    const parameters = { sslmode, ...more };
    if ('sslrootcert' in more) Object.assign(parameters, { sslrootcert: files.authority });
    const DATABASE_URL = await toUrl(parameters, hostname);

    await using _gateway = await startGateway(UPSTREAM, { DATABASE_URL });

    expect(await isEncrypted(DATABASE_URL)).toEqual([true]);
  });

  it('connects without TLS if no sslmode or `disable` is set', async () => {
    for (const parameters of [{}, { sslmode: 'disable' }]) {
      const DATABASE_URL = await toUrl(parameters);
      await using _gateway = await startGateway(UPSTREAM, { DATABASE_URL });
      expect(await isEncrypted(DATABASE_URL)).toEqual([false]);
    }
  });

  it('and a missing file names that file', async () => {
    const DATABASE_URL = await toUrl({ sslmode: 'verify-full', sslrootcert: '/not/there.pem' });

    const sentence = `a file that sslrootcert, sslcert or sslkey of the URL names cannot be read (ENOENT: no such file or directory, open '/not/there.pem').`;
    await expect(startGateway(UPSTREAM, { DATABASE_URL })).rejects.toThrow(PREFIX + sentence);
    expect((await consult(DATABASE_URL))?.message).toBe(`DATABASE_URL: ${sentence}`);
  });

  it('starts without a warning about modes', async () => {
    const DATABASE_URL = await toUrl({ sslmode: 'require', sslrootcert: files.authority });

    await using gateway = await startGatewayProcess(UPSTREAM, { DATABASE_URL });

    expect(await gateway.stop()).not.toContain('WARNING');
  });

  it('and a server that requires it names the parameter', async () => {
    const rules = join(await readSetting('data_directory'), 'pg_hba.conf');
    const before = await readFile(rules, 'utf8');
    const url = await toUrl({}, '127.0.0.1');
    const user = `tls_${process.pid}`;
    await postgres.run(`create role ${user} login password 'word'`);
    await writeFile(rules, `hostnossl all ${user} all reject\n${before}`);
    await reload();
    const DATABASE_URL = Object.assign(new URL(url), { username: user, password: 'word' }).href;

    await expect(startGateway(UPSTREAM, { DATABASE_URL })).rejects.toThrow(
      `Add sslmode=verify-full to the parameters of the URL.`,
    );
  });
});

describe('PostgreSQL without TLS', () => {
  it('is named as the cause if the URL requires TLS', async () => {
    const url = new URL(await sharedPostgres().createDatabase());
    url.searchParams.set('sslmode', 'require');

    await expect(startGateway(UPSTREAM, { DATABASE_URL: url.href })).rejects.toThrow(
      `${PREFIX}${url.host} does not support TLS. Enable it there (ssl = on), or set sslmode=disable in the URL.`,
    );
  });
});

async function consult(DATABASE_URL: string): Promise<Finding | undefined> {
  const env = { APIKLEY_API_KEY: 'key', UPSTREAM_URL: UPSTREAM.url, PORT: '9', DATABASE_URL };
  const { stdout } = await runProgram('doctor/main.ts', env, { args: ['--json'] });
  return (JSON.parse(stdout) as Finding[]).find(({ subject }) => subject === 'database');
}

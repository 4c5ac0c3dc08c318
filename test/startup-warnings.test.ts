import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { findWarnings, toFacts, toGreeting } from '../src/startup-warnings.ts';

const URL_OF_IT = 'http://127.0.0.1:4000';
const KEY = 'canary-key';
const SECRET = 'canary-secret-of-more-than-32-characters';
const SAFE = {
  APIKLEY_API_KEY: KEY,
  AUTH_JWT_SECRET: SECRET,
  PUBLIC_URL: 'https://gateway.example.com',
};

const read = (env: Record<string, string>) => readConfig({ ...SAFE, ...env });
const toVariables = (env: Record<string, string>, url = URL_OF_IT) =>
  findWarnings(read(env), url).map(({ variable }) => variable);

describe('start-up warnings', () => {
  it('are none for a proper production configuration', () => {
    expect(findWarnings(read({}), URL_OF_IT)).toEqual([]);
  });

  it('are none on loopback with the sandbox', () => {
    const env = { AUTH_JWT_SECRET: '', PUBLIC_URL: '', UPSTREAM_URL: 'http://127.0.0.1:4010' };
    expect(toVariables(env)).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'other machines need no authentication',
      { AUTH: 'none', AUTH_JWT_SECRET: '', HOST: '0.0.0.0' },
      ['AUTH'],
    ],
    ['callbacks cannot arrive', { PUBLIC_URL: '' }, ['PUBLIC_URL']],
    [
      'the API key is sent without TLS',
      { UPSTREAM_URL: 'http://api.example.com' },
      ['UPSTREAM_URL'],
    ],
    [
      'callbacks are sent without TLS',
      { PUBLIC_URL: 'http://gateway.example.com' },
      ['PUBLIC_URL'],
    ],
    ['GraphiQL is public', { GRAPHIQL: 'on' }, ['GRAPHIQL']],
    ['the schema is public', { INTROSPECTION: 'on' }, ['INTROSPECTION']],
    ['GraphiQL and the schema are public', { GRAPHIQL: 'on', INTROSPECTION: 'on' }, ['GRAPHIQL']],
    ['the database is in memory', { DATABASE_URL: 'sqlite::memory:' }, ['DATABASE_URL']],
    [
      'the keys of tokens are fetched without TLS',
      {
        AUTH_JWT_SECRET: '',
        AUTH_JWKS_URL: 'http://idp.example.com/keys',
        AUTH_ISSUER: 'i',
        AUTH_AUDIENCE: 'a',
      },
      ['AUTH_JWKS_URL'],
    ],
  ])('are given if %s', (_name, env, variables) => {
    expect(toVariables(env)).toEqual(variables);
  });

  it('are given if a proxy exposes a gateway with all development features', () => {
    const env = { AUTH: 'none', AUTH_JWT_SECRET: '' };

    expect(toVariables(env)).toEqual(['AUTH', 'GRAPHIQL']);
    expect(toVariables({ ...env, NODE_ENV: 'production' })).toEqual(['AUTH']);
  });

  it('are given for an address that can be listened on but not called', () => {
    const env = { PUBLIC_URL: '', HOST: '0.0.0.0' };

    expect(toVariables(env, 'http://0.0.0.0:4000')).toEqual(['PUBLIC_URL']);
  });

  it('name a variable and what to do', () => {
    const env = { AUTH: 'none', AUTH_JWT_SECRET: '', GRAPHIQL: 'on', INTROSPECTION: 'on' };

    for (const { fix } of findWarnings(read(env), URL_OF_IT)) {
      expect(fix).toMatch(/^(Set|Make sure|Put) .*\b[A-Z]+(_[A-Z]+)*\b.*\.$/);
    }
    expect(findWarnings(read(env), URL_OF_IT)[1]?.fix).toContain(
      'GRAPHIQL=off and INTROSPECTION=off',
    );
  });
});

describe('the start-up message', () => {
  const DATABASE_URL = 'postgres://user:canary-password@db.example.com:6543/longtake?sslkey=secret';

  it('names the address, the database, the authentication, the copies and the upstream, and no secret', () => {
    const KEEP_URL = 's3://films/kept?region=eu-central-1&endpoint=https://store.example.com';
    const config = read({ DATABASE_URL, KEEP_URL, WEBHOOK_HMAC_KEY: 'canary-hmac' });

    const said = [JSON.stringify(toFacts(config, URL_OF_IT)), toGreeting(config, URL_OF_IT)];

    for (const text of said) {
      expect(text).toContain(URL_OF_IT);
      expect(text).toContain('postgres://db.example.com:6543/longtake');
      expect(text).toContain('JWT (AUTH_JWT_SECRET)');
      expect(text).toContain('s3://films/kept');
      expect(text).toContain('https://api.apikley.ru');
      expect(text).toContain('https://gateway.example.com');
      expect(text).not.toMatch(/canary|sslkey/);
    }
  });

  it.each([
    ['a socket', 'user:pw@/db?host=/run/pg', '/db?host=/run/pg&port=5432'],
    ['a socket as the host', 'user:pw@%2Frun%2Fpg:5433/db', '/db?host=/run/pg&port=5433'],
    [
      'a host among the parameters',
      '/db?host=far.example.com&port=6543',
      'far.example.com:6543/db',
    ],
    ['no port', 'user:pw@near.example.com/d@b', 'near.example.com:5432/d@b'],
    ['an IPv6 address', 'user:pw@[::1]:6543/my%20db', '[::1]:6543/my%20db'],
    ['a file that does not exist', 'h/db?sslmode=verify-full&sslrootcert=/nowhere', 'h:5432/db'],
  ])('names a database with %s', (_name, url, name) => {
    const config = read({ DATABASE_URL: `postgres://${url}` });

    expect(toFacts(config, URL_OF_IT).database).toBe(`postgres://${name}`);
  });

  it('is a few lines on a terminal, with warnings and their fixes', () => {
    const config = read({ PUBLIC_URL: '', AUTH_JWT_SECRET: '' });

    expect(toGreeting(config, URL_OF_IT)).toBe(
      [
        'Longtake listens at http://127.0.0.1:4000/graphql (GraphiQL in a browser)',
        '  database   sqlite:data/gateway.db',
        '  upstream   https://api.apikley.ru, which calls back at http://127.0.0.1:4000',
        '  auth       open: no authentication',
        '  ! PUBLIC_URL: the upstream cannot reach PUBLIC_URL: no callback will come',
        '    Set PUBLIC_URL to the address at which the internet reaches this gateway. Until then the gateway polls tasks, RECONCILE_AFTER_MS after their submit and then at growing intervals.',
        '',
      ].join('\n'),
    );
  });
});

describe('misspelt variables', () => {
  const find = (name: string, others: Record<string, string> = {}) =>
    readConfig({ ...SAFE, ...others, [name]: 'canary' }).misspelt.map(({ meant }) => meant);

  it.each([
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['DATABASEURL', 'DATABASE_URL'],
    ['OWNER_SUBMIT_PER_DAY', 'OWNER_SUBMITS_PER_DAY'],
    ['UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT_MS'],
    ['UPSTERAM_URL', 'UPSTREAM_URL'],
    ['AUTH_API_KEY', 'AUTH_API_KEYS'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['Port', 'PORT'],
    ['log_level', 'LOG_LEVEL'],
  ])('%s: %s is suggested', (name, meant) => {
    expect(find(name)).toEqual([meant]);
  });

  it('are reported with the right name and without a value', () => {
    const [risk] = findWarnings(read({ DATABSE_URL: 'sqlite:canary.db' }), URL_OF_IT);

    expect(risk).toEqual({
      variable: 'DATABSE_URL',
      message: 'has no effect: no variable has this name',
      fix: 'Rename it if you mean DATABASE_URL.',
    });
  });

  it('are reported with the other faults, if the right variable is missing', () => {
    expect(() => readConfig({ APIKLEY_APIKEY: KEY })).toThrow(
      /APIKLEY_API_KEY: is required.*\n {2}APIKLEY_APIKEY: has no effect; APIKLEY_API_KEY may be meant$/,
    );
  });

  it('are not reported if they belong to other programs, or the right name is set as well', () => {
    const others =
      'PATH HOME USER HOSTNAME HOSTTYPE PWD TERM LANG SHELL EDITOR MAIL TZ POST SORT AUTHOR PGHOST PGPORT ' +
      'DATABASE_USER DATABASE_HOST DATABASE_NAME POSTGRES_URL REDIS_URL API_KEY PUBLIC_IP BASE_URL ' +
      'LONGTAKE_PORT LONGTAKE_SERVICE_HOST LONGTAKE_PORT_80_TCP_ADDR KUBERNETES_PORT NODE_OPTIONS NODE_PATH ' +
      'OTEL_SERVICE_NAME OTEL_METRICS_EXPORTER OTEL_LOGS_EXPORTER OTEL_EXPORTER_OTLP_HEADERS ' +
      'OTEL_EXPORTER_OTLP_PROTOCOL OTEL_EXPORTER_OTLP_METRICS_ENDPOINT npm_config_loglevel npm_package_name';
    for (const name of others.split(' ')) expect([name, ...find(name)]).toEqual([name]);
    expect(find('PUBLIC_URLS')).toEqual([]);
  });
});

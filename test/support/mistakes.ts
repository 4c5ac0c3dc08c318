/** Common mistakes in the environment, and the message for each. */
export const IN_THE_ENVIRONMENT: Record<string, [Record<string, string>, string]> = {
  'no key': [
    { APIKLEY_API_KEY: '' },
    'APIKLEY_API_KEY: is required: the key of the upstream API (npx longtake demo needs none)',
  ],
  'a key with its quotes': [
    { APIKLEY_API_KEY: '"sandbox-key"' },
    'APIKLEY_API_KEY: must not be quoted',
  ],
  'a key with a line break': [
    { APIKLEY_API_KEY: 'sandbox-key\n' },
    'APIKLEY_API_KEY: must not begin or end with a space or a line break',
  ],
  'a key with "Bearer" before it': [
    { APIKLEY_API_KEY: 'Bearer sandbox-key' },
    'APIKLEY_API_KEY: must be printable characters without spaces: the key alone, without "Bearer"',
  ],
  'an issuer from a file written on Windows': [
    { AUTH_ISSUER: 'https://issuer.example.com\r' },
    'AUTH_ISSUER: must not begin or end with a space or a line break',
  ],
  'a database with a line break': [
    { DATABASE_URL: 'postgres://longtake@127.0.0.1/longtake\n' },
    'DATABASE_URL: must not begin or end with a space or a line break',
  ],
  'an audience with its quotes': [
    { AUTH_AUDIENCE: "'longtake'" },
    'AUTH_AUDIENCE: must not be quoted',
  ],
  'a port that is no number': [
    { PORT: '4000/tcp' },
    'PORT: must be a whole number from 0 to 65535',
  ],
  'all networks without authentication': [
    { HOST: '0.0.0.0' },
    'AUTH: anybody who can reach HOST or PUBLIC_URL could spend your credits. Set AUTH_JWT_SECRET, AUTH_JWKS_URL or AUTH_API_KEYS, or AUTH=none',
  ],
  'a database by its path alone': [
    { DATABASE_URL: 'data/gateway.db' },
    'DATABASE_URL: must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE',
  ],
  'a misspelt scheme': [
    { DATABASE_URL: 'postgre://longtake@127.0.0.1/longtake' },
    'DATABASE_URL: must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE',
  ],
  'a password with an unescaped #': [
    { DATABASE_URL: 'postgres://longtake:canary#word@127.0.0.1/longtake' },
    'DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a password of digits and a #': [
    { DATABASE_URL: 'postgres://longtake:12#34@127.0.0.1/longtake' },
    'DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a password with an unescaped slash': [
    { DATABASE_URL: 'postgres://longtake:canary/word@127.0.0.1/longtake' },
    'DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a port that is too large': [
    { DATABASE_URL: 'postgres://127.0.0.1:99999/longtake' },
    'DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a database without an address': [
    { DATABASE_URL: 'postgres://' },
    'DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a database without slashes': [
    { DATABASE_URL: 'postgres:longtake' },
    'DATABASE_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a malformed connection to listen on': [
    {
      DATABASE_URL: 'postgres://127.0.0.1/longtake',
      DATABASE_LISTEN_URL: 'postgres://longtake:canary#word@127.0.0.1/longtake',
    },
    'DATABASE_LISTEN_URL: must be postgres://USER:PASSWORD@HOST:PORT/DATABASE. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F',
  ],
  'a SQLite file after two slashes': [
    { DATABASE_URL: 'sqlite://data/gateway.db' },
    'DATABASE_URL: was read as /data/gateway.db by earlier versions. To keep using it, write sqlite:///data/gateway.db; a path relative to the working directory is sqlite:data/gateway.db',
  ],
  'a SQLite file after two slashes and a dot': [
    { DATABASE_URL: 'sqlite://./gateway.db' },
    'DATABASE_URL: was read as /gateway.db by earlier versions. To keep using it, write sqlite:///gateway.db; a path relative to the working directory is sqlite:./gateway.db',
  ],
  'a folder after two slashes': [
    { KEEP_URL: 'file://data/kept' },
    'KEEP_URL: was read as /data/kept by earlier versions. To keep using it, write file:///data/kept; a path relative to the working directory is file:data/kept',
  ],
  'a prefix of a bucket that is not percent-encoded': [
    { KEEP_URL: 's3://films/100%zz' },
    'KEEP_URL: must be file:PATH, as in file:data/kept, or s3://BUCKET/PREFIX with the parameters region, endpoint and forcePathStyle, as in s3://films/kept?region=eu-central-1',
  ],
  'a schema by the parameter of another client': [
    { DATABASE_URL: 'postgres://longtake@127.0.0.1/longtake?schema=video' },
    'DATABASE_URL: cannot set a schema by this parameter: use options=-c%20search_path%3DNAME instead, or set the search_path of the user',
  ],
  'a connection to listen on beside a file': [
    { DATABASE_LISTEN_URL: 'postgres://longtake@127.0.0.1/longtake' },
    'DATABASE_LISTEN_URL: requires a DATABASE_URL of PostgreSQL',
  ],
  'an upstream with the path of the API': [
    { UPSTREAM_URL: 'https://api.apikley.ru/api/v1/runway/extend' },
    'UPSTREAM_URL: must end before the path of the API, as in https://api.apikley.ru',
  ],
  'a public address without a scheme': [
    { PUBLIC_URL: 'localhost:4000' },
    'PUBLIC_URL: must be an http(s) URL with its scheme, as in https://gateway.example.com',
  ],
  'keys in the place of their hashes': [
    { AUTH_API_KEYS: 'renderer:the-key-itself, site:another' },
    'AUTH_API_KEYS: must be a comma-separated list of name:sha256-of-key, the hash in hex and not the key itself: printf %s "$KEY" | sha256sum',
  ],
  'a short secret': [
    { AUTH_JWT_SECRET: 'changeme' },
    'AUTH_JWT_SECRET: must have at least 32 characters; openssl rand -base64 32 makes one',
  ],
  'a list of signing keys that holds none': [
    { WEBHOOK_HMAC_KEY: ', ,' },
    'WEBHOOK_HMAC_KEY: holds no key',
  ],
  'a signing key with its quotes': [
    { WEBHOOK_HMAC_KEY: '"the-key,the-next"' },
    'WEBHOOK_HMAC_KEY: must not be quoted',
  ],
  'a limit that is blank': [
    { OWNER_SUBMITS_PER_DAY: ' ' },
    'OWNER_SUBMITS_PER_DAY: must not begin or end with a space or a line break',
  ],
  'a rate limit that no upstream has': [
    { UPSTREAM_REQUESTS: '2147483647' },
    'UPSTREAM_REQUESTS: must be a whole number from 1 to 100000',
  ],
  'a time limit that no timer has': [
    { DATABASE_TIMEOUT_MS: '2147483647' },
    'DATABASE_TIMEOUT_MS: must be a whole number from 1 to 86400000',
  ],
  'a public address with a query': [
    { PUBLIC_URL: 'https://gateway.example.com/?x=1', AUTH: 'none' },
    'PUBLIC_URL: must end before any ? or #',
  ],
  'a secret of spaces': [
    { AUTH_JWT_SECRET: ' '.repeat(40) },
    'AUTH_JWT_SECRET: must not begin or end with a space or a line break',
  ],
  'a list with a short secret': [
    { AUTH_JWT_SECRET: `${'s'.repeat(32)},changeme` },
    'AUTH_JWT_SECRET: is a comma-separated list, of which each secret must have at least 32 characters',
  ],
};

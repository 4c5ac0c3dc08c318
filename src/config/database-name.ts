/** Which database a `DATABASE_URL` means, for people: without credentials and parameters. */

import { parse } from 'pg-connection-string';

export interface ServerAddress {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * Where `pg` connects to, with its defaults. Opens no connection and reads no file. `pg` itself is not loaded,
 * because with SQLite nothing needs it.
 *
 * @throws Error when `pg` cannot read the URL.
 */
export function toServerAddress(url: string): ServerAddress {
  // Without the parameters of TLS, whose files would be read.
  const parsed = parse(url.replace(/(?<=[?&])ssl\w*=[^&]*/g, ''));
  const { PGHOST, PGPORT, PGDATABASE, PGUSER, USER } = process.env;
  const user = parsed.user || PGUSER || USER || '';
  return {
    host: parsed.host || PGHOST || 'localhost',
    port: Number(parsed.port || PGPORT || 5432),
    database: parsed.database || PGDATABASE || user,
    user,
  };
}

/** The name of the server with its port, or the file of its socket. */
export function toServerName({ host, port }: ServerAddress): string {
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function toDatabaseName(url: string): string {
  if (url.startsWith('sqlite:')) return url;
  const address = toServerAddress(url);
  const path = encodeURI(address.database);
  return address.host.startsWith('/')
    ? `postgres:///${path}?host=${address.host}&port=${address.port}`
    : `postgres://${toServerName(address)}/${path}`;
}

/** Why PostgreSQL cannot be used, in a sentence for the operator. It never quotes the password. */

import { OWN_SCHEMA } from './landed.ts';

/**
 * @param error what `pg` rejected with, or what stands behind our own error for it.
 * @param url `DATABASE_URL`.
 */
export function explainPostgres(error: unknown, url: string): string {
  const { host, database, user } = toParts(url);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${host}. Is PostgreSQL running, and is the port right?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${host} is not known. Is the name right?`;
    case '28P01':
    case '28000':
      return `${host} refuses the user ${user} or the password (${toText(error)}). Special characters in it have to be percent-encoded.`;
    case '3D000':
      return `${host} has no database ${database}. Make it: createdb ${database}`;
    case '42501':
      return `the user ${user} may not make tables in ${database} (${toText(error)}). Grant it CREATE on the schema.`;
    case '42P07':
      return `another program uses this name in the schema (${toText(error)}). ${OWN_SCHEMA}`;
    case '25006':
      return `${host} takes no writes (${toText(error)}). It is a standby, or set to be read-only: name the primary.`;
    case '53100':
      return `the disk of ${host} is full (${toText(error)}). Make room.`;
  }
  // What the server says has an SQLSTATE: five characters (PostgreSQL documentation, appendix A).
  if (/^[0-9A-Z]{5}$/.test(String(code)) && error instanceof Error && 'severity' in error)
    return toText(error);
  return `${host} does not answer (${toText(error)}).`;
}

/** An AggregateError, of every address of a name, has a code and no message. */
function toText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String('code' in error ? error.code : error.name);
}

interface Parts {
  readonly host: string;
  readonly database: string;
  readonly user: string;
}

function toParts(url: string): Parts {
  const parsed = URL.parse(url);
  return {
    host: parsed?.host ? `${parsed.hostname}:${parsed.port || 5432}` : 'the server',
    database: decode(parsed?.pathname.slice(1)) || 'of that name',
    user: decode(parsed?.username) || 'of that name',
  };
}

function decode(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Explains to the operator, in a sentence, why PostgreSQL cannot be used. Never contains the password. */

import { toServerAddress, toServerName } from '../config/database-name.ts';
import { EnvironmentError } from '../config.ts';
import { OWN_SCHEMA } from './applied-migrations.ts';

/** The database, or a pooler in front of it, is set up in a way that a retry does not fix. */
export class SetupError extends EnvironmentError {
  readonly problem: string;
  readonly remedy: string;

  constructor(problem: string, remedy: string) {
    super(`${problem}. ${remedy}`);
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** The connection of `DATABASE_LISTEN_URL` fails. The message is a sentence for the operator. */
export class ListenError extends Error {}

/**
 * @param error the error of `pg`, or the cause of our own error.
 * @param url `DATABASE_URL`.
 */
export function explainPostgres(error: unknown, url: string): string {
  const { host, database, user } = toParts(url);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const refuses = `${host} refuses the user ${user} or the password (${toText(error)}). Special characters in it have to be percent-encoded.`;
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens at ${host}. Is PostgreSQL running, and is the port right?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host of ${host} is not known. Is the name right?`;
    case '28000':
      if (/no encryption/.test(toText(error)))
        return `${host} accepts this user only with TLS (${toText(error)}). Add sslmode=verify-full to the parameters of the URL.`;
      return refuses;
    case '28P01':
      return refuses;
    case '3D000':
      return `${host} has no database ${database}. Create it: createdb ${database}`;
    case '42501':
      return `the user ${user} may not create tables in ${database} (${toText(error)}). Grant it CREATE on the schema.`;
    case '08P01':
      if (!/startup parameter/.test(toText(error))) break;
      return `a pooler at ${host} does not pass on a parameter of the URL (${toText(error)}). Set it for the user instead: alter role ${user} set search_path = …`;
    case '42P07':
      return `another program uses this name in the schema (${toText(error)}). ${OWN_SCHEMA}`;
    case '25006':
      return `${host} accepts no writes (${toText(error)}). It is a standby or read-only: name the primary.`;
    case '53100':
      return `the disk of ${host} is full (${toText(error)}). Free space on it.`;
  }
  const tls = explainTls(error, host);
  if (tls !== null) return tls;
  // Errors of the server have an SQLSTATE: five characters (PostgreSQL documentation, appendix A).
  if (/^[0-9A-Z]{5}$/.test(String(code)) && error instanceof Error && 'severity' in error)
    return toText(error);
  return `${host} does not answer (${toText(error)}).`;
}

/** Codes of OpenSSL's verification, under the names that Node gives them. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

/** @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function explainTls(error: unknown, host: string): string | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error ? String(error.code) : '';
  const text = toText(error);
  if (UNTRUSTED.has(code))
    return `the certificate of ${host} is signed by an authority that is not trusted here (${code}). Add sslrootcert=FILE to the parameters of the URL, the certificate of that authority; sslmode=no-verify encrypts without verifying the server.`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of ${host} is for another name (${text}). Use the host name of the certificate in the URL.`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return `the certificate of ${host} is not valid at this time (${text}). Renew it, or set the clock.`;
  if (text === 'The server does not support SSL connections')
    return `${host} does not support TLS. Enable it there (ssl = on), or set sslmode=disable in the URL.`;
  if ('syscall' in error && error.syscall === 'open')
    return `a file that sslrootcert, sslcert or sslkey of the URL names cannot be read (${text}).`;
  return null;
}

/** When every address of a name fails, the AggregateError has a code and no message. */
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
  try {
    const address = toServerAddress(url);
    return { ...address, host: toServerName(address) };
  } catch {
    // The error to explain says why pg cannot read the URL.
    return { host: 'the server', database: 'of that name', user: 'of that name' };
  }
}

/** An authority of the test's own, and a certificate that it has signed. */

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  /** Of the authority. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** @param folder where the files are made. The certificate names one host and nothing else. */
export async function makeCertificates(folder: string, host: string): Promise<Certificates> {
  const place = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  await writeFile(place('names.cnf'), `subjectAltName = ${isIP(host) ? 'IP' : 'DNS'}:${host}\n`);
  const newKey = ['req', '-newkey', 'rsa:2048', '-nodes', '-sha256'];
  await openssl(
    ...newKey,
    ...['-x509', '-days', '2', '-subj', '/CN=Test authority'],
    ...['-keyout', 'authority.key', '-out', 'authority.pem'],
  );
  await openssl(
    ...newKey,
    ...['-subj', `/CN=${host}`, '-keyout', 'server.key', '-out', 'server.csr'],
  );
  await openssl(
    ...['x509', '-req', '-in', 'server.csr', '-days', '2', '-extfile', 'names.cnf'],
    ...['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-out', 'server.pem'],
  );
  return {
    authority: place('authority.pem'),
    certificate: place('server.pem'),
    key: place('server.key'),
  };
}

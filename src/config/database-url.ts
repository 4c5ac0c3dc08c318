/** `DATABASE_URL` and `DATABASE_LISTEN_URL`. */

import { z } from 'zod';
import { explainHost } from './file-url.ts';

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';
const MALFORMED = `must be ${FORM}. Special characters in the user and the password have to be percent-encoded: # is %23, / is %2F`;
const NO_SCHEMA =
  'cannot set a schema by this parameter: use options=-c%20search_path%3DNAME instead, or set the search_path of the user';

export const databaseUrl = z
  .string()
  .regex(/^(sqlite|postgres|postgresql):.+/, `must be sqlite:PATH or ${FORM}`)
  .superRefine((url, context) => {
    const host = explainHost(url);
    if (host !== null) context.addIssue(host);
  })
  .refine(isWellFormed, MALFORMED)
  .refine(isSchemaUnnamed, NO_SCHEMA);

export const listenUrl = z
  .string()
  .regex(/^postgres(ql)?:.+/, `must be ${FORM}`)
  .refine(isWellFormed, MALFORMED)
  .refine(isSchemaUnnamed, NO_SCHEMA);

/** Checks URLs of PostgreSQL; true for others. */
function isWellFormed(url: string): boolean {
  if (!/^postgres(ql)?:/.test(url)) return true;
  // With an unescaped / or #, the rest of the password and the @ would be in the path or the fragment. After
  // the @ of the authority, another one belongs to the name of the database.
  const isPasswordCut = /^\w+:\/\/[^@/?#]*[/#][^?]*@/.test(url);
  // pg accepts a user without a host, for a socket.
  const isUrl = /^\w+:\/\/./.test(url) && URL.canParse(url.replace('@/', '@socket/'));
  return isUrl && !isPasswordCut;
}

/** Parameters of Prisma, JDBC and Go that pg ignores: the tables would be created in another schema. */
function isSchemaUnnamed(url: string): boolean {
  return !/[?&](schema|currentSchema|search_path)=/i.test(url);
}

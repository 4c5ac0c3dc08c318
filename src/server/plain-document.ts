/** What of a client's document graphql-jit may be given: it writes parts of it into source code. */

import { BREAK, type DocumentNode, visit } from 'graphql';

/**
 * Letters and digits with single marks between them, as ids are. Literal texts are quoted as JSON, but
 * some that begin with two underscores graphql-jit takes for its own marks, and what follows for code.
 */
const PLAIN_TEXT = /^[A-Za-z0-9]*(?:[-.:_][A-Za-z0-9]+)*$/;

/**
 * Whether nothing in the document, in whatever operation or fragment, could be taken for code or for a
 * member that every object has.
 */
export function isPlain(document: DocumentNode): boolean {
  let isSafe = true;
  function refuse() {
    isSafe = false;
    return BREAK;
  }
  visit(document, {
    StringValue: ({ value }) => (PLAIN_TEXT.test(value) ? undefined : refuse()),
    Name: ({ value }) => (value in Object.prototype ? refuse() : undefined),
  });
  return isSafe;
}

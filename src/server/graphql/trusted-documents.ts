/** Trusted documents: executes only documents of an allow-list that was made at build time. */

import { readFileSync } from 'node:fs';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { EnvironmentError } from '../../config.ts';

/** The two ways in which clients name a document. */
interface NamedDocument {
  readonly documentId?: unknown;
  readonly extensions?:
    | { readonly persistedQuery?: { readonly sha256Hash?: unknown } }
    | null
    | undefined;
}

export interface TrustedDocuments {
  /**
   * The text that a request names by `documentId` or by `extensions.persistedQuery.sha256Hash`.
   *
   * @throws GraphQLError with the code PERSISTED_QUERY_NOT_FOUND for any other request.
   */
  find(request: NamedDocument): string;
}

/** A JSON object from hash to text, as GraphQL Code Generator's client preset writes it. */
const AllowList = z.record(z.string(), z.string());

/**
 * Null when no list is configured, so that every document is executed.
 *
 * @throws Error with a sentence for the operator when the list cannot be read.
 */
export function readTrustedDocuments(path: string | undefined): TrustedDocuments | null {
  if (path === undefined) return null;
  const documents = new Map(Object.entries(readList(path)));
  return {
    find({ documentId, extensions }) {
      const id = documentId ?? extensions?.persistedQuery?.sha256Hash;
      // Keys may have the prefix `sha256:` (GraphQL over HTTP, appendix on documents), which Apollo's
      // clients do not send.
      const text =
        typeof id === 'string' ? (documents.get(id) ?? documents.get(`sha256:${id}`)) : undefined;
      if (text !== undefined) return text;
      throw new GraphQLError('Only trusted documents are executed: send the hash of one.', {
        extensions: { code: 'PERSISTED_QUERY_NOT_FOUND', http: { status: 400 } },
      });
    },
  };
}

function readList(path: string): Record<string, string> {
  try {
    return AllowList.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new EnvironmentError(`TRUSTED_DOCUMENTS: ${path} is not a readable list of documents.`, {
      cause: error,
    });
  }
}

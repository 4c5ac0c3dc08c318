/** Trusted documents: only operations of an allow-list, made at build time, are executed. */

import { readFileSync } from 'node:fs';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { EnvironmentError } from '../../config.ts';

/** What a request names its document by, in the two forms that clients use. */
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

/** A JSON object of texts by their hash, as GraphQL Code Generator's client preset writes it. */
const AllowList = z.record(z.string(), z.string());

/**
 * Null where no list is configured: every document is welcome.
 *
 * @throws Error with a sentence for the operator when the list cannot be read.
 */
export function readTrustedDocuments(path: string | undefined): TrustedDocuments | null {
  if (path === undefined) return null;
  const documents = new Map(Object.entries(readList(path)));
  return {
    find({ documentId, extensions }) {
      const id = documentId ?? extensions?.persistedQuery?.sha256Hash;
      // The list may name its hash function (GraphQL over HTTP, appendix on documents); Apollo's
      // clients do not.
      const text =
        typeof id === 'string' ? (documents.get(id) ?? documents.get(`sha256:${id}`)) : undefined;
      if (text !== undefined) return text;
      throw new GraphQLError('Only trusted documents are executed here: name one by its hash.', {
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

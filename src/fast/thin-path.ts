/**
 * Answers a plain POST of JSON through Yoga's envelope without making a Request and a Response. It
 * parses, validates, executes and masks by the same plugins, and leaves anything unusual to Yoga. Gain:
 * together with plans and batching, at least six times the requests per second (bench/notes/measurements.md).
 */

import { type DocumentNode, getOperationAST } from 'graphql';
import type { ToClientError } from '../client-errors.ts';
import { type Caller, createContext, type Services } from '../context.ts';
import { createDocumentCache } from '../server/graphql/document-cache.ts';
import { toSeconds } from '../server/graphql/request-metrics.ts';
import type { LimitResultSize } from '../server/graphql/result-size.ts';
import type { TrustedDocuments } from '../server/graphql/trusted-documents.ts';
import type { Yoga } from '../server/graphql/yoga.ts';
import type { AnswerDirectly, DirectAnswer } from '../server/http/direct-answer.ts';
import { type Errors, type RequestCounts, toOutcome } from '../telemetry/request-counts.ts';
import type { Answer, Planner } from './execution/planner.ts';

interface Params {
  readonly query: string;
  readonly operationName: string | null | undefined;
  readonly variables: Readonly<Record<string, unknown>> | null | undefined;
}

/** Data, errors or both. */
type Result = Errors & { readonly data?: unknown };

/** A request that can be answered here. */
interface DirectRequest {
  readonly params: Params;
  readonly contentType: string;
  readonly caller: Caller;
  readonly startedAt: number;
}

export interface ThinPathParts {
  readonly yoga: Yoga;
  readonly services: Services;
  readonly planner: Planner;
  readonly toClientError: ToClientError;
  readonly trusted: TrustedDocuments | null;
  readonly requests: RequestCounts;
  readonly limitResultSize: LimitResultSize;
}

export function createThinPath(parts: ThinPathParts): AnswerDirectly {
  const { yoga, services, planner, toClientError, trusted, requests, limitResultSize } = parts;
  const valid = createDocumentCache<DocumentNode>();

  /** Returns the document if it is valid. Yoga reports what is wrong with any other. */
  function prepare(text: string, { parse, validate, schema }: Enveloped): DocumentNode | null {
    try {
      const document = parse(text);
      if (validate(schema, document).length > 0) return null;
      valid.set(text, document);
      return document;
    } catch {
      return null;
    }
  }

  function toAnswer(request: DirectRequest, document: DocumentNode, result: Result): DirectAnswer {
    const { params, contentType, caller, startedAt } = request;
    const body = JSON.stringify(result);
    const outcome = toOutcome(result, caller);
    requests.find(document, params.operationName).count('http', outcome, toSeconds(startedAt));
    return { contentType, body };
  }

  /** Answers with the result of a plan. Of Yoga's hooks, only the masking of errors applies. */
  function conclude(request: DirectRequest, document: DocumentNode, result: Answer) {
    if (!result) return execute(request, document);
    const { data, errors } = limitResultSize(result);
    return toAnswer(
      request,
      document,
      errors ? { errors: errors.map(toClientError), data } : { data },
    );
  }

  async function execute(
    request: DirectRequest,
    known?: DocumentNode,
  ): Promise<DirectAnswer | null> {
    const { params, caller } = request;
    const enveloped = yoga.getEnveloped({ caller, params });
    const document = known ?? prepare(params.query, enveloped);
    if (!document) return null;
    const operation = getOperationAST(document, params.operationName);
    if (!operation || operation.operation === 'subscription') return null;
    const result = await enveloped.execute({
      schema: enveloped.schema,
      document,
      contextValue: createContext(services, caller),
      operationName: params.operationName,
      variableValues: params.variables,
    });
    // Without data a variable did not fit its type, and nothing was executed.
    return result.data === undefined ? null : toAnswer(request, document, result);
  }

  return (body, contentType, caller, startedAt) => {
    const params = toParams(body, trusted);
    if (!params) return null;
    const request = { params, contentType, caller, startedAt };
    const known = valid.get(params.query);
    const run = known && planner.find(known, params.operationName);
    if (!run) return execute(request, known);
    const found = run(undefined, createContext(services, caller), params.variables ?? {});
    // Without a promise if nothing had to be read: creating one takes time, too.
    return found instanceof Promise
      ? found.then((result) => conclude(request, known, result))
      : conclude(request, known, found);
  };
}

type Enveloped = ReturnType<Yoga['getEnveloped']>;

/** Null if a known parameter has a wrong type. */
function toParams(body: string, trusted: TrustedDocuments | null): Params | null {
  try {
    const given: unknown = JSON.parse(body);
    if (!isObject(given)) return null;
    const { query, operationName, variables, extensions, documentId } = given;
    const isPlain =
      (operationName == null || (typeof operationName === 'string' && operationName !== '')) &&
      (variables == null || isObject(variables)) &&
      (extensions == null || isObject(extensions));
    if (!isPlain) return null;
    const text = trusted ? trusted.find({ documentId, extensions }) : query;
    return typeof text === 'string' ? { query: text, operationName, variables } : null;
  } catch {
    // Not JSON, or the document is not on the list.
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

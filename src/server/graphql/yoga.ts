/** Sets up Yoga, which parses, validates and executes GraphQL and masks errors. */

import { NoSchemaIntrospectionCustomRule, parse, validate } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { ToClientError } from '../../client-errors.ts';
import type { Config } from '../../config.ts';
import { type Caller, type Context, createContext, type Services } from '../../context.ts';
import { schema } from '../../schema/index.ts';
import type { RequestCounts } from '../../telemetry/request-counts.ts';
import { type StreamContext, useEventStreams } from '../sse/event-streams.ts';
import { createDocumentCache } from './document-cache.ts';
import { createLimitsRule } from './document-limits.ts';
import { useNestingGuard } from './nesting.ts';
import { type RequestStats, useRequestMetrics } from './request-metrics.ts';
import type { LimitResultSize } from './result-size.ts';
import { type Subscribe, useSubscribe } from './subscribe.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

/** What the HTTP endpoint passes on with a request. */
interface ServerContext extends StreamContext {
  readonly caller: Caller;
  readonly stats: RequestStats;
}

export type Yoga = ReturnType<typeof createGraphQL>;

export function createGraphQL(parts: {
  readonly services: Services;
  readonly config: Config;
  readonly toClientError: ToClientError;
  readonly trusted: TrustedDocuments | null;
  readonly requests: RequestCounts;
  readonly subscribe: Subscribe;
  readonly limitResultSize: LimitResultSize;
}) {
  const { services, config, toClientError, trusted, requests, subscribe } = parts;
  const { log } = services;
  const extraParamNames = trusted ? ['documentId'] : [];
  return createYoga<ServerContext, Context>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ caller }) => toExtension(services, createContext(services, caller)),
    maskedErrors: { maskError: toClientError },
    plugins: [
      useRequestMetrics(requests),
      useLimits(config),
      useEventStreams(toClientError),
      ...(config.INTROSPECTION ? [] : [useClosedSchema()]),
      // After the plugins that replace the parser and the validation.
      useNestingGuard(),
      ...(trusted ? [useTrusted(trusted)] : []),
      useKnownParameters(extraParamNames),
      useSubscribe(subscribe),
      useResultSizeLimit(parts.limitResultSize),
    ],
    // Yoga logs clients' mistakes as errors. Bugs are logged where they are masked (client-errors.ts).
    logging: {
      debug: (...args) => log.trace(args.map(String).join(' ')),
      info: (...args) => log.debug(args.map(String).join(' ')),
      warn: (...args) => log.debug(args.map(String).join(' ')),
      error: (...args) => log.debug(args.map(String).join(' ')),
    },
    // The HTTP server does all of this itself (server/http/).
    graphiql: false,
    landingPage: false,
    cors: false,
    healthCheckEndpoint: '/yoga-health-is-not-served',
    parserAndValidationCache: {
      documentCache: createDocumentCache(),
      // Parse again: Yoga adds an HTTP status to a cached parse error only if HTTP met it first.
      errorCache: { get: () => undefined, set: () => undefined },
    },
    batching: false,
    multipart: false,
    extraParamNames,
  });
}

/** Yoga copies only an object's own properties into its context, and no getters or methods of a class. */
function toExtension(services: Services, context: Context): Context {
  return {
    ...services,
    owner: context.owner,
    caller: context.caller,
    loadVideo: (key) => context.loadVideo(key),
    loadLineage: (query) => context.loadLineage(query),
    loadSequence: (id) => context.loadSequence(id),
    loadParts: (sequence) => context.loadParts(sequence),
    withReadLimit: (read) => context.withReadLimit(read),
    forCaller: (caller) => context.forCaller(caller),
  };
}

/** Refuses documents that exceed the limits, on every transport. */
function useLimits(config: Config): Plugin {
  const rule = createLimitsRule(config, schema);
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => parse(source, { ...options, maxTokens: config.MAX_TOKENS }));
    },
    onValidate({ addValidationRule }) {
      addValidationRule(rule);
    },
  };
}

/** Limits the results of queries and mutations; those of subscriptions are limited in subscribe.ts. */
function useResultSizeLimit(limitResultSize: LimitResultSize): Plugin {
  return {
    onExecute: () => ({
      onExecuteDone({ result, setResult }) {
        if (!(Symbol.asyncIterator in result)) setResult(limitResultSize(result));
      },
    }),
  };
}

const PARAMETERS = ['query', 'operationName', 'variables', 'extensions'];

/** Drops unknown members of a request, as the WebSocket transport does. Yoga would refuse the request. */
function useKnownParameters(others: readonly string[]): Plugin {
  const known = new Set([...PARAMETERS, ...others]);
  return {
    onParams({ params, setParams }) {
      // Left to Yoga, which refuses non-objects and reports a misspelt `query`.
      if (typeof params?.query !== 'string') return;
      setParams(Object.fromEntries(Object.entries(params).filter(([name]) => known.has(name))));
    },
  };
}

/** Over HTTP. On WebSockets protocol.ts looks the document up before it calls Yoga. */
function useTrusted(trusted: TrustedDocuments): Plugin {
  return {
    onParams({ request, params, setParams }) {
      // Yoga drops `documentId` from the parameters of a GET.
      const named = request.method === 'GET' ? new URL(request.url).searchParams : null;
      const documentId = named?.get('documentId') ?? undefined;
      setParams({ ...params, query: trusted.find({ documentId, ...params }) });
    },
  };
}

/** Hides the schema: no introspection, and no "did you mean" in validation errors. */
function useClosedSchema(): Plugin {
  return {
    onValidate({ addValidationRule, setValidationFn }) {
      addValidationRule(NoSchemaIntrospectionCustomRule);
      setValidationFn((theSchema, document, rules, options) =>
        validate(theSchema, document, rules, { ...options, hideSuggestions: true }),
      );
    },
  };
}

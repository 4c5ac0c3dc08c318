/** GraphQL itself: the schema under Yoga, which parses, validates, executes and masks. */

import { GraphQLError, NoSchemaIntrospectionCustomRule, parse, validate } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import type { ToClientError } from '../../client-errors.ts';
import type { Config } from '../../config.ts';
import { type Caller, type Context, createContext, type Services } from '../../context.ts';
import { RateLimitedError } from '../../errors.ts';
import { schema } from '../../schema/index.ts';
import type { RequestCounts } from '../../telemetry/request-counts.ts';
import { createDocumentCache } from './document-cache.ts';
import { createLimitsRule } from './document-limits.ts';
import { type RequestStats, useRequestMetrics } from './request-metrics.ts';
import type { LimitResultSize } from './result-size.ts';
import { type Subscribe, useSubscribe } from './subscribe.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

/** What the HTTP server says of a request. */
interface ServerContext {
  readonly caller: Caller;
  readonly passage: RequestStats;
  /** In bytes. */
  readonly bodyLength: number;
  /** Whether the client asked for server-sent events. */
  readonly acceptsStream: boolean;
  /** Called once for a subscription; false: there is no place for one more stream. */
  readonly beginStream: () => boolean;
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
      useStreamsOnRequest(toClientError),
      ...(config.INTROSPECTION ? [] : [useClosedSchema()]),
      ...(trusted ? [useTrusted(trusted)] : []),
      useKnownParameters(extraParamNames),
      useSubscribe(subscribe),
      useResultSizeLimit(parts.limitResultSize),
    ],
    // What a client did wrong is no error here, and bugs are logged where they are masked.
    logging: {
      debug: (...args) => log.trace(args.map(String).join(' ')),
      info: (...args) => log.debug(args.map(String).join(' ')),
      warn: (...args) => log.debug(args.map(String).join(' ')),
      error: (...args) => log.debug(args.map(String).join(' ')),
    },
    // All of these are the server's own business (server/http.ts).
    graphiql: false,
    landingPage: false,
    cors: false,
    healthCheckEndpoint: '/yoga-health-is-not-served',
    parserAndValidationCache: {
      documentCache: createDocumentCache(),
      // An error of the parser is marked for HTTP only when it is met there first: parse anew.
      errorCache: { get: () => undefined, set: () => undefined },
    },
    batching: false,
    multipart: false,
    extraParamNames,
  });
}

/** Of what extends its context Yoga takes an object's own members alone. */
function toExtension(services: Services, context: Context): Context {
  return {
    ...services,
    owner: context.owner,
    caller: context.caller,
    loadVideo: (key) => context.loadVideo(key),
    loadLineage: (query) => context.loadLineage(query),
    withReadLimit: (read) => context.withReadLimit(read),
    forCaller: (caller) => context.forCaller(caller),
  };
}

/** Refuses documents that ask for too much, on every transport. */
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

/** On every transport; what subscriptions are answered with is bounded where it is made. */
function useResultSizeLimit(limitResultSize: LimitResultSize): Plugin {
  return {
    onExecute: () => ({
      onExecuteDone({ result, setResult }) {
        if (!(Symbol.asyncIterator in result)) setResult(limitResultSize(result));
      },
    }),
  };
}

/** In bytes: what a subscription was asked for by, all of it, stays in memory until its end. */
export const STREAM_LIMIT = 32 * 1024;

export function createTooLargeError(): GraphQLError {
  const message = `A subscription is asked for in ${STREAM_LIMIT / 1024} KiB at most.`;
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status: 413 } } });
}

/** Only what asks for a stream is counted, and ends with its token; Yoga would give one for `*` too. */
function useStreamsOnRequest(
  toClientError: ToClientError,
): Plugin<Partial<ServerContext> & { request?: Request }> {
  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const { request, acceptsStream, beginStream, bodyLength = 0 } = args.contextValue;
      // A WebSocket has none.
      if (!request) return;
      if (!acceptsStream) {
        const message = 'Subscriptions come as server-sent events: accept text/event-stream.';
        const extensions = { code: 'BAD_REQUEST', http: { status: 406 } };
        setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions })] });
      } else if (bodyLength > STREAM_LIMIT) {
        setResultAndStopExecution({ errors: [createTooLargeError()] });
      } else if (!beginStream?.()) {
        const { message, extensions } = toClientError(new RateLimitedError());
        const error = { extensions: { ...extensions, http: { status: 429 } } };
        setResultAndStopExecution({ errors: [new GraphQLError(message, error)] });
      }
    },
  };
}

const PARAMETERS = ['query', 'operationName', 'variables', 'extensions'];

/** Ignores what clients add to a request, as sockets do: Yoga would refuse it. */
function useKnownParameters(others: readonly string[]): Plugin {
  const known = new Set([...PARAMETERS, ...others]);
  return {
    onParams({ params, setParams }) {
      // Yoga refuses what is no object, and names a misspelt `query`.
      if (typeof params?.query !== 'string') return;
      setParams(Object.fromEntries(Object.entries(params).filter(([name]) => known.has(name))));
    },
  };
}

/** Over HTTP; on a socket the same list is asked before Yoga is. */
function useTrusted(trusted: TrustedDocuments): Plugin {
  return {
    onParams({ request, params, setParams }) {
      // Of a GET's parameters Yoga keeps only those of the first drafts of GraphQL over HTTP.
      const named = request.method === 'GET' ? new URL(request.url).searchParams : null;
      const documentId = named?.get('documentId') ?? undefined;
      setParams({ ...params, query: trusted.find({ documentId, ...params }) });
    },
  };
}

/** Tells strangers nothing of the schema: neither by introspection nor by "did you mean". */
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

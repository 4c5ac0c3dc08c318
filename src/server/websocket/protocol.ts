/** Serves graphql-transport-ws: graphql-ws handles the protocol; Yoga parses, validates and executes. */

import { type ExecutionArgs, type GraphQLError, getOperationAST } from 'graphql';
import { makeServer, type Server } from 'graphql-ws';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { ToClientError } from '../../client-errors.ts';
import type { Config } from '../../config.ts';
import { type Caller, createContext, type Services } from '../../context.ts';
import { GatewayUnavailableError, RateLimitedError } from '../../errors.ts';
import { type RequestCounts, toOutcome } from '../../telemetry/request-counts.ts';
import { inSpan, type Tracing } from '../../telemetry/tracing.ts';
import { countSocketOperation, toSeconds } from '../graphql/request-metrics.ts';
import type { Subscribe } from '../graphql/subscribe.ts';
import { createTooLargeError, MAX_SUBSCRIPTION_BYTES } from '../graphql/subscription-size.ts';
import type { TrustedDocuments } from '../graphql/trusted-documents.ts';
import type { Yoga } from '../graphql/yoga.ts';
import { createQuota, type Quota } from '../quota.ts';
import type { Connection } from './connection.ts';
import { createUnknownOperationError, toParseError, toSocketError } from './errors.ts';
import { type SocketArgs, sendResults } from './results.ts';
import { createSessions } from './sessions.ts';

const SERVER_MESSAGES = new Set(['connection_ack', 'next', 'error']);

export interface ProtocolParts {
  readonly yoga: Yoga;
  readonly services: Services;
  readonly authenticator: Authenticator;
  readonly toClientError: ToClientError;
  /** Running subscriptions per owner, counted together with those over server-sent events. */
  readonly subscriptions: Quota;
  /** When it resolves with null, graphql's own `subscribe` reports why. */
  readonly subscribe: Subscribe;
  readonly trusted: TrustedDocuments | null;
  readonly requests: RequestCounts;
  readonly tracing: Tracing;
  readonly config: Pick<Config, 'OWNER_SOCKETS'>;
}

type Params = Readonly<Record<string, unknown>>;

/** @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export function createSocketProtocol(parts: ProtocolParts): Server<Connection> {
  const { yoga, services, authenticator, toClientError, subscriptions } = parts;
  const { trusted, requests, tracing, config } = parts;
  const quotas = { sockets: createQuota(config.OWNER_SOCKETS), subscriptions };
  const sessions = createSessions(authenticator, quotas);
  // Shared by all operations, because thousands are open at a time and nothing in it is specific to one.
  const { schema, parse, validate, execute, subscribe } = yoga.getEnveloped({});

  /** Only errors are masked per listener: results with data are shared by all listeners. */
  const maskError = (error: GraphQLError) => toSocketError(toClientError(error));

  /** The span of a subscription ends when its stream has started. */
  function run<T>(args: ExecutionArgs, work: (args: ExecutionArgs) => T | Promise<T>): Promise<T> {
    if (!tracing.isOn) return countSocketOperation(requests, args, work);
    const span = { name: 'WS /graphql', kind: 'server', parent: null } as const;
    return inSpan(tracing, span, () => countSocketOperation(requests, args, work));
  }

  return makeServer<Params, Connection>({
    connectionInitWaitTimeout: 10_000,
    // A client that sends a server's message is closed with 4400. graphql-ws would throw instead.
    jsonMessageReviver(key, value) {
      if (key === '' && SERVER_MESSAGES.has(value?.type)) throw new Error('not for a server');
      return value;
    },
    async onConnect(ctx) {
      const { extra, connectionParams } = ctx;
      const authorization =
        findAuthorization(connectionParams) ?? extra.request?.headers.authorization;
      extra.session = await sessions.begin(extra, authorization);
      // Free the request and its token: the caller is authenticated now.
      if (extra.session) extra.request = null;
      Object.assign(ctx, { connectionParams: undefined });
      return extra.session !== null;
    },
    onClose: ({ extra }) => extra.session?.end(),
    onComplete: ({ extra }) => extra.session?.releaseSlot(),
    execute: (args) => run(args, execute),
    subscribe: (args) =>
      run(args, async () => {
        const results = await parts.subscribe(args, maskError);
        if (!results) return subscribe(args);
        return 'next' in results ? sendResults(results, args as SocketArgs) : results;
      }),
    async onSubscribe({ extra }, id, params): Promise<SocketArgs | readonly GraphQLError[]> {
      // `received` is this message's length until the first await.
      const { session, received: length } = extra;
      const startedAt = performance.now();
      const refuse = (errors: readonly GraphQLError[]) => {
        requests.invalid.count('ws', toOutcome({ errors }, undefined), toSeconds(startedAt));
        return errors.map(toSocketError);
      };
      if (!session) return refuse([toClientError(new GatewayUnavailableError())]);
      let document: ReturnType<typeof parse>;
      try {
        document = parse(trusted ? trusted.find(params) : params.query);
      } catch (error) {
        return refuse([toClientError(toParseError(error))]);
      }
      const faults: readonly GraphQLError[] = validate(schema, document);
      if (faults.length > 0) return refuse(faults.map(toClientError));
      const operation = getOperationAST(document, params.operationName);
      if (!operation) return refuse([createUnknownOperationError()]);
      if (operation.operation === 'subscription' && length > MAX_SUBSCRIPTION_BYTES) {
        return refuse([createTooLargeError()]);
      }

      // Acquire the slot last: graphql-ws calls onComplete only for operations that start.
      if (!session.acquireSlot()) return refuse([toClientError(new RateLimitedError())]);
      const caller: Caller = { owner: session.owner, cancellation: session.cancellation };
      return {
        schema,
        document,
        operationName: params.operationName,
        variableValues: params.variables,
        contextValue: createContext(services, caller),
        rootValue: undefined,
        connection: extra,
        id,
      };
    },
  });
}

/** Clients send it in the connection parameters or in `headers` there, with any capitalisation. */
function findAuthorization(params: Params | undefined): string | undefined {
  for (const fields of [params, params?.headers]) {
    if (typeof fields !== 'object' || fields === null) continue;
    for (const [name, value] of Object.entries(fields)) {
      if (name.toLowerCase() === 'authorization' && typeof value === 'string') return value;
    }
  }
  return undefined;
}

/** GraphQL over WebSockets (graphql-transport-ws) on the same path. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExecutionArgs, type GraphQLError, getOperationAST } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticator.ts';
import type { ToClientError } from '../client-errors.ts';
import type { Config } from '../config.ts';
import { type Caller, createContext, type Services } from '../context.ts';
import { GatewayUnavailableError, RateLimitedError } from '../errors.ts';
import { type RequestCounts, toOutcome } from '../telemetry/requests.ts';
import { inSpan, type Tracing } from '../telemetry/tracing.ts';
import { countOverSocket, toSeconds } from './counting.ts';
import type { Door } from './door.ts';
import { createQuota, type Quota } from './quotas.ts';
import { createSessions, TRY_AGAIN_LATER } from './sessions.ts';
import { createUnknownOperationError, toParseError, toSocketError } from './socket-errors.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import type { Yoga } from './yoga.ts';

/** RFC 6455's registry: the client should connect anew. */
const SERVICE_RESTART = 1012;
const SERVERS_OWN = new Set(['connection_ack', 'next', 'error']);
const MESSAGE_LIMIT = 256 * 1024;
/** What may wait for a slow client before it is sent away. */
const BUFFER_LIMIT = 1024 * 1024;

/** All clients at once would be a stampede on the replicas that they go to. */
const SPREAD_EACH_MS = 5;
const LONGEST_SPREAD_MS = 3_000;

export interface WebSockets {
  /** Closes every socket, one after another, so that its client connects again, elsewhere. */
  close(): Promise<void>;
  /** How many are open. */
  readonly count: number;
}

export function serveWebSockets(
  server: Server,
  parts: {
    readonly yoga: Yoga;
    readonly services: Services;
    readonly authenticator: Authenticator;
    readonly door: Door;
    readonly toClientError: ToClientError;
    /** Running subscriptions per owner, counted together with those by server-sent events. */
    readonly subscriptions: Quota;
    readonly trusted: TrustedDocuments | null;
    readonly requests: RequestCounts;
    readonly tracing: Tracing;
    readonly config: Pick<Config, 'OWNER_SOCKETS' | 'MAX_SOCKETS'>;
  },
): WebSockets {
  const { yoga, services, authenticator, door, toClientError, subscriptions } = parts;
  const { trusted, requests, tracing, config } = parts;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT });
  const sessions = createSessions(authenticator, createQuota(config.OWNER_SOCKETS));
  let isClosing = false;

  /** The span of a subscription ends when its stream has begun. */
  function run<T>(args: ExecutionArgs, work: (args: ExecutionArgs) => T | Promise<T>): Promise<T> {
    if (!tracing.isOn) return countOverSocket(requests, args, work);
    const span = { name: 'WS /graphql', kind: 'server', parent: null } as const;
    return inSpan(tracing, span, () => countOverSocket(requests, args, work));
  }

  const disposable = useServer(
    {
      connectionInitWaitTimeout: 10_000,
      // What only servers say is no message to one: 4400. graphql-ws would throw over it.
      jsonMessageReviver(key, value) {
        if (key === '' && SERVERS_OWN.has(value?.type)) throw new Error('not for a server');
        return value;
      },
      onConnect: ({ extra, connectionParams }) =>
        sessions.begin(extra.socket, extra.request, connectionParams),
      onClose: ({ extra }) => sessions.get(extra.socket)?.end(),
      onNext: ({ extra }) => sendAwayIfSlow(extra.socket),
      onComplete({ extra }, _id, payload) {
        const { places } = sessions.get(extra.socket) ?? {};
        places?.get(payload)?.();
        places?.delete(payload);
      },
      execute: (args) => run(args, envelopOf(args).execute),
      subscribe: (args) => run(args, envelopOf(args).subscribe),
      async onSubscribe({ extra }, _id, params) {
        const begun = performance.now();
        const refuse = (errors: readonly GraphQLError[]) => {
          requests.invalid.count('ws', toOutcome({ errors }, undefined), toSeconds(begun));
          return errors.map(toSocketError);
        };
        const session = sessions.get(extra.socket);
        if (!session) return refuse([toClientError(new GatewayUnavailableError())]);
        const caller: Caller = { owner: session.owner, ending: session.ending };
        const { schema, execute, subscribe, parse, validate } = yoga.getEnveloped({
          caller,
          params,
        });
        let document: ReturnType<typeof parse>;
        try {
          document = parse(trusted ? trusted.find(params) : params.query);
        } catch (error) {
          return refuse([toClientError(toParseError(error))]);
        }
        const faults: readonly GraphQLError[] = validate(schema, document);
        if (faults.length > 0) return refuse(faults.map(toClientError));
        if (!getOperationAST(document, params.operationName))
          return refuse([createUnknownOperationError()]);

        // Last of all: of an operation that never begins no end is told.
        const giveBack = subscriptions.take(session.owner);
        if (!giveBack) return refuse([toClientError(new RateLimitedError())]);
        session.places.set(params, giveBack);
        return {
          schema,
          document,
          operationName: params.operationName,
          variableValues: params.variables,
          contextValue: createContext(services, caller),
          rootValue: { execute, subscribe },
        };
      },
    },
    sockets,
  );

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without `destroy` the connection would stay for as long as the client likes.
    const refuse = (status: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    if (isClosing || sockets.clients.size >= config.MAX_SOCKETS) {
      return refuse('503 Service Unavailable');
    }
    if (request.url?.split('?')[0] !== '/graphql') return refuse('404 Not Found');
    if (!door.isHostKnown(request) || !door.isOriginKnown(request)) return refuse('403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit('connection', opened, request);
      // ws itself closes with the code for a broken frame; graphql-ws would print it with its stack.
      opened.removeAllListeners('error').on('error', () => {});
      // Whatever is sent makes us answer: pongs and errors gather for a slow client, too.
      opened.on('message', () => sendAwayIfSlow(opened));
      opened.on('ping', () => sendAwayIfSlow(opened));
    });
  });

  return {
    get count() {
      return sockets.clients.size;
    },
    async close() {
      isClosing = true;
      const open = [...sockets.clients];
      const spreadMs = Math.min(LONGEST_SPREAD_MS, open.length * SPREAD_EACH_MS);
      await Promise.all(
        open.map(async (socket, index) => {
          await delay((spreadMs * index) / open.length);
          socket.close(SERVICE_RESTART, 'Service restart');
        }),
      );
      await disposable.dispose();
    },
  };
}

function sendAwayIfSlow(socket: WebSocket): void {
  if (socket.bufferedAmount > BUFFER_LIMIT) socket.close(TRY_AGAIN_LATER, 'Too slow');
}

/** The enveloped functions of this very operation, carried where the protocol's server keeps them. */
function envelopOf(args: { rootValue?: unknown }) {
  return args.rootValue as Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>;
}

/** GraphQL over WebSockets (graphql-transport-ws) on the same path. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { OPEN_OWNER } from '../auth/owner.ts';
import type { Caller } from '../context.ts';
import { isOriginAllowed } from './cors.ts';
import type { Yoga } from './yoga.ts';

/** RFC 6455: 1012, service restart. The protocol's clients connect anew after it. */
const SERVICE_RESTART = 1012;
const MESSAGE_LIMIT = 256 * 1024;

export interface WebSockets {
  /** Closes every socket in a way that makes its client connect again, elsewhere. */
  close(): Promise<void>;
}

export function serveWebSockets(
  server: Server,
  yoga: Yoga,
  config: { CORS_ORIGINS: readonly string[] },
): WebSockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT });
  let isClosing = false;

  const disposable = useServer<Record<string, unknown>, { leave?: AbortController }>(
    {
      connectionInitWaitTimeout: 10_000,
      onConnect: (ctx) => {
        ctx.extra.leave = new AbortController();
        return true;
      },
      onClose: (ctx) => ctx.extra.leave?.abort(),
      execute: (args) => envelopOf(args).execute(args),
      subscribe: (args) => envelopOf(args).subscribe(args),
      async onSubscribe(ctx, _id, params) {
        const caller: Caller = { owner: OPEN_OWNER, signal: toSignal(ctx.extra) };
        const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
          ...caller,
          params,
        });
        let document: ReturnType<typeof parse>;
        try {
          document = parse(params.query);
        } catch (error) {
          return [toSocketError(error)];
        }
        const faults = validate(schema, document);
        if (faults.length > 0) return faults.map(toSocketError);
        return {
          schema,
          document,
          operationName: params.operationName,
          variableValues: params.variables,
          contextValue: await contextFactory(),
          rootValue: { execute, subscribe },
        };
      },
    },
    sockets,
  );

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refuse = (status: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
    socket.on('error', () => socket.destroy());
    if (isClosing) return refuse('503 Service Unavailable');
    if (request.url?.split('?')[0] !== '/graphql') return refuse('404 Not Found');
    if (!isOriginAllowed(request, config.CORS_ORIGINS)) return refuse('403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (opened) =>
      sockets.emit('connection', opened, request),
    );
  });

  return {
    async close() {
      isClosing = true;
      for (const socket of sockets.clients) socket.close(SERVICE_RESTART, 'Service restart');
      await disposable.dispose();
    },
  };
}

function toSignal(extra: Extra & { leave?: AbortController }): AbortSignal {
  return extra.leave?.signal ?? AbortSignal.abort();
}

/** The enveloped functions of this very operation, carried where the protocol's server keeps them. */
function envelopOf(args: { rootValue?: unknown }) {
  return args.rootValue as Pick<ReturnType<Yoga['getEnveloped']>, 'execute' | 'subscribe'>;
}

/** `extensions.http` is Yoga's note to its own HTTP side. */
function toSocketError(error: unknown): GraphQLError {
  const fault =
    error instanceof GraphQLError ? error : new GraphQLError('The document is not readable.');
  const { http: _http, ...extensions } = fault.extensions;
  return new GraphQLError(fault.message, {
    nodes: fault.nodes,
    source: fault.source,
    positions: fault.positions,
    extensions,
  });
}

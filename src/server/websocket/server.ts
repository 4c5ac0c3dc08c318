/** Accepts WebSockets on `/graphql`, and closes them at shutdown. */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { handleProtocols } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { Config } from '../../config.ts';
import { createNormaliseTarget } from '../base-path.ts';
import type { OriginCheck } from '../origin-check.ts';
import { isHostValid } from '../request-headers.ts';
import { Connection, openConnection } from './connection.ts';
import { startHeartbeat } from './heartbeat.ts';
import { MAX_CHUNKS, MAX_FRAGMENTS, MAX_MESSAGE_BYTES } from './limits.ts';
import { createSocketProtocol, type ProtocolParts } from './protocol.ts';

/** Close code of RFC 6455's registry: the client should reconnect. */
const SERVICE_RESTART = 1012;

/** Spreads the closes of a shutdown, so that not all clients reconnect to other replicas at once. */
const SPREAD_EACH_MS = 5;
const MAX_SPREAD_MS = 3_000;

export interface WebSockets {
  /** Closes every WebSocket, one after another, so that its client reconnects to another replica. */
  close(): Promise<void>;
  /** The number of open WebSockets. */
  readonly count: number;
}

export function serveWebSockets(
  server: Server,
  parts: ProtocolParts & {
    readonly originCheck: OriginCheck;
    readonly config: Pick<Config, 'MAX_SOCKETS' | 'BASE_PATH'>;
  },
): WebSockets {
  const { originCheck, config, services } = parts;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_CHUNKS,
    handleProtocols,
  });
  const normaliseTarget = createNormaliseTarget(config.BASE_PATH);
  const protocol = createSocketProtocol(parts);
  const heartbeat = startHeartbeat(sockets);
  let isClosing = false;

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', destroy);
    if (isClosing || sockets.clients.size >= config.MAX_SOCKETS) {
      return refuse(socket, '503 Service Unavailable');
    }
    normaliseTarget(request);
    if (request.url?.split('?')[0] !== '/graphql') return refuse(socket, '404 Not Found');
    if (!originCheck.isHostAllowed(request) || !originCheck.isOriginAllowed(request)) {
      return refuse(socket, '403 Forbidden');
    }
    if (!isHostValid(request)) return refuse(socket, '400 Bad Request');
    sockets.handleUpgrade(request, socket, head, (opened) => {
      openConnection(protocol, new Connection(opened, request, services.log));
    });
  });

  return {
    get count() {
      return sockets.clients.size;
    },
    async close() {
      isClosing = true;
      const open = [...sockets.clients];
      const spreadMs = Math.min(MAX_SPREAD_MS, open.length * SPREAD_EACH_MS);
      await Promise.all(
        open.map(async (socket, index) => {
          await delay((spreadMs * index) / open.length);
          socket.close(SERVICE_RESTART, 'Service restart');
        }),
      );
      const { promise, resolve } = Promise.withResolvers<void>();
      sockets.close(() => resolve());
      await promise;
      heartbeat.stop();
    },
  };
}

/** Without `destroy` the client could keep the connection open. */
function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`, () => socket.destroy());
}

function destroy(this: Duplex): void {
  this.destroy();
}

/** One WebSocket as the protocol's server sees it: texts in, texts out, and what belongs to it. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { type Session, TRY_AGAIN_LATER } from './sessions.ts';

/** What may wait for a slow client before it is sent away. */
const BUFFER_LIMIT = 1024 * 1024;
/** Up to here a stream goes on without waiting for its client. */
const UNHURRIED = 64 * 1024;
/** In bytes (RFC 6455, 5.5): a control frame takes 125, two of them for the code. */
const LONGEST_REASON = 123;

/** A class, and with few closures: thousands are open at a time. */
export class Connection {
  readonly socket: WebSocket;
  readonly log: Logger;
  /** The upgrade, until it is known who is there: then it need not stay in memory. */
  request: IncomingMessage | null;
  session: Session | null = null;
  /** The length in bytes of the message that is being taken in. */
  received = 0;

  constructor(socket: WebSocket, request: IncomingMessage, log: Logger) {
    this.socket = socket;
    this.request = request;
    this.log = log;
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  send(text: string): Promise<void> | void {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount < UNHURRIED) return socket.send(text);
    // The stream waits, and with it what it reads from.
    return new Promise((resolve) => {
      socket.send(text, () => resolve());
      sendAwayIfSlow(socket);
    });
  }

  close(code?: number, reason = ''): void {
    const bytes = Buffer.from(reason).subarray(0, LONGEST_REASON);
    // What was cut within a character is left out.
    this.socket.close(code, new TextDecoder().decode(bytes).replace(/\uFFFD+$/, ''));
  }

  onMessage(handle: (text: string) => Promise<void>): void {
    const { socket } = this;
    socket.on('message', (data: Buffer, isBinary) => {
      // Until the client answers our close its messages still come, with an identity that may be over.
      if (socket.readyState !== socket.OPEN) return;
      // Only of texts ws sees to it; replaced by U+FFFD, what differs would become the same.
      if (isBinary && !isUtf8(data)) {
        socket.close(CloseCode.BadRequest, 'The message is not UTF-8');
        return;
      }
      this.received = data.length;
      handle(String(data)).catch((error: unknown) => {
        this.log.error({ err: error }, 'a message of a socket met a bug');
        socket.close(CloseCode.InternalServerError, 'Internal server error');
      });
      // Whatever is sent makes us answer: pongs and errors gather for a slow client, too.
      sendAwayIfSlow(socket);
    });
  }
}

/** Has the protocol's server speak over the connection until its end. */
export function openConnection(server: Server<Connection>, connection: Connection): void {
  const { socket, log } = connection;
  // ws itself closes with the code for a broken frame; there is nothing to add.
  socket.on('error', ignore);
  socket.on('ping', onPing);
  const closed = server.opened(connection, connection);
  socket.once('close', (code, reason) => {
    closed(code, String(reason)).catch((error: unknown) => {
      log.error({ err: error }, 'the end of a socket met a bug');
    });
  });
}

function ignore(): void {}

function onPing(this: WebSocket): void {
  sendAwayIfSlow(this);
}

function sendAwayIfSlow(socket: WebSocket): void {
  if (socket.bufferedAmount > BUFFER_LIMIT) socket.close(TRY_AGAIN_LATER, 'Too slow');
}

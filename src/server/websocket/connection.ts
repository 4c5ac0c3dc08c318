/** One WebSocket as the protocol's server sees it: texts in, texts out, and what belongs to it. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { withoutByteOrderMark } from '../byte-order-mark.ts';
import { limitControlFrames } from './control-frames.ts';
import { type Session, TRY_AGAIN_LATER } from './sessions.ts';

/** What may wait for a slow client before it is sent away. */
const BUFFER_LIMIT = 1024 * 1024;
/** Up to here a stream goes on without waiting for its client. */
const UNHURRIED = 64 * 1024;
/** In bytes, of a message before the acknowledgement: a token in an HTTP header has the same limit. */
const INIT_LIMIT = 16 * 1024;
/** How long a client that is not acknowledged may take to end its side of the connection. */
const LINGER_MS = 1_000;
/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008;
/** In bytes (RFC 6455, 5.5): a control frame takes 125, two of them for the code. */
const MAX_REASON = 123;

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
      this.closeIfSlow();
    });
  }

  private closeIfSlow(): void {
    if (this.socket.bufferedAmount > BUFFER_LIMIT) this.close(TRY_AGAIN_LATER, 'Too slow');
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Closes with a code, and ends the connection at once while it is not acknowledged. */
  close(code?: number, reason = ''): void {
    const bytes = Buffer.from(reason).subarray(0, MAX_REASON);
    // What was cut within a character is left out.
    this.socket.close(code, new TextDecoder().decode(bytes).replace(/\uFFFD+$/, ''));
    if (this.session === null) this.endUnacknowledged();
  }

  /**
   * Without this a stranger's connection would wait up to 30 s for its answer to our close, and would
   * still take in messages. A reset could overtake the close frame, so what comes is read and dropped.
   */
  endUnacknowledged(): void {
    const { request, socket } = this;
    const raw = request?.socket;
    if (!raw || raw.writableEnded) return;
    raw.removeAllListeners('data');
    raw.resume();
    raw.end();
    const timer = setTimeout(() => socket.terminate(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  }

  onMessage(handle: (text: string) => Promise<void>): void {
    const { socket } = this;
    socket.on('message', (data: Buffer, isBinary) => {
      // Until the client answers our close its messages still come, with an identity that may be over.
      if (!this.isOpen) return;
      if (this.session === null && data.length > INIT_LIMIT) {
        this.close(CloseCode.BadRequest, 'The message is too long before the acknowledgement');
        return;
      }
      // Only of texts ws sees to it; replaced by U+FFFD, what differs would become the same.
      if (isBinary && !isUtf8(data)) {
        this.close(CloseCode.BadRequest, 'The message is not UTF-8');
        return;
      }
      this.received = data.length;
      handle(withoutByteOrderMark(String(data))).catch((error: unknown) => {
        this.log.error({ err: error }, 'a message of a socket met a bug');
        this.close(CloseCode.InternalServerError, 'Internal server error');
      });
      // Whatever is sent makes us answer: pongs and errors gather for a slow client, too.
      this.closeIfSlow();
    });
  }
}

/** Has the protocol's server speak over the connection until its end. */
export function openConnection(server: Server<Connection>, connection: Connection): void {
  const { socket, log } = connection;
  // ws itself sends the close frame for a broken frame.
  socket.on('error', () => {
    if (connection.session === null) connection.endUnacknowledged();
  });
  limitControlFrames(socket, () => {
    connection.close(POLICY_VIOLATION, 'Too many pings and pongs');
    // Their sender would go on to fill a message on its way.
    if (connection.session !== null) socket.terminate();
  });
  const closed = server.opened(connection, connection);
  socket.once('close', (code, reason) => {
    closed(code, String(reason)).catch((error: unknown) => {
      log.error({ err: error }, 'the end of a socket met a bug');
    });
  });
}

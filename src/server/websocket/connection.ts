/** One WebSocket: its messages, its limits and its session. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { CloseCode, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { withoutByteOrderMark } from '../byte-order-mark.ts';
import { limitControlFrames } from './control-frames.ts';
import { HIGH_WATER_MARK, MAX_BUFFERED_BYTES, MAX_INIT_BYTES } from './limits.ts';
import { type Session, TRY_AGAIN_LATER } from './sessions.ts';

/** How long a client without an acknowledgement may take to close its side of the connection. */
const LINGER_MS = 1_000;
/** RFC 6455, 7.4.1. */
const POLICY_VIOLATION = 1008;
/** In bytes (RFC 6455, 5.5): a control frame takes 125, two of them for the code. */
const MAX_REASON = 123;

/** A class with few closures, because thousands are open at a time. */
export class Connection {
  readonly socket: WebSocket;
  readonly log: Logger;
  /** The upgrade request; freed once the caller is authenticated. */
  request: IncomingMessage | null;
  session: Session | null = null;
  /** The length in bytes of the message that is being handled. */
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
    if (socket.bufferedAmount < HIGH_WATER_MARK) return socket.send(text);
    // Backpressure: the stream waits, and so does its source.
    return new Promise((resolve) => {
      socket.send(text, () => resolve());
      this.closeIfSlow();
    });
  }

  private closeIfSlow(): void {
    if (this.socket.bufferedAmount > MAX_BUFFERED_BYTES) this.close(TRY_AGAIN_LATER, 'Too slow');
  }

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /** Closes with a code. Without an acknowledgement it also ends the TCP connection at once. */
  close(code?: number, reason = ''): void {
    const bytes = Buffer.from(reason).subarray(0, MAX_REASON);
    // Drop a character that the limit has cut in half.
    this.socket.close(code, new TextDecoder().decode(bytes).replace(/\uFFFD+$/, ''));
    if (this.session === null) this.endUnacknowledged();
  }

  /**
   * Without this an unauthenticated connection would stay open for up to 30 s until the client answers
   * the close, and would accept messages meanwhile. Incoming data is read and dropped, because a TCP
   * reset could overtake the close frame.
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
      // Messages still arrive until the client answers the close, and its token may have expired.
      if (!this.isOpen) return;
      if (this.session === null && data.length > MAX_INIT_BYTES) {
        this.close(CloseCode.BadRequest, 'The message is too long before the acknowledgement');
        return;
      }
      // ws checks text frames only. Decoding replaces invalid bytes, which would make texts equal.
      if (isBinary && !isUtf8(data)) {
        this.close(CloseCode.BadRequest, 'The message is not UTF-8');
        return;
      }
      this.received = data.length;
      handle(withoutByteOrderMark(String(data))).catch((error: unknown) => {
        this.log.error({ err: error }, 'failed to handle a WebSocket message');
        this.close(CloseCode.InternalServerError, 'Internal server error');
      });
      // Pongs and errors also pile up for a client that sends and does not read.
      this.closeIfSlow();
    });
  }
}

/** Connects the WebSocket to the protocol server until it closes. */
export function openConnection(server: Server<Connection>, connection: Connection): void {
  const { socket, log } = connection;
  // ws itself sends the close frame for a broken frame.
  socket.on('error', () => {
    if (connection.session === null) connection.endUnacknowledged();
  });
  limitControlFrames(socket, () => {
    connection.close(POLICY_VIOLATION, 'Too many pings and pongs');
    // Terminate: the client could otherwise go on to fill an unfinished message.
    if (connection.session !== null) socket.terminate();
  });
  const closed = server.opened(connection, connection);
  socket.once('close', (code, reason) => {
    closed(code, String(reason)).catch((error: unknown) => {
      log.error({ err: error }, 'failed to clean up after a WebSocket');
    });
  });
}

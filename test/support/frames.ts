/** WebSocket frames by hand (RFC 6455, 5.2), for what no client library would send. */

import { connect, type Socket } from 'node:net';

const OPCODES = { continuation: 0, text: 1, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  /** False: more fragments of the message follow. */
  readonly isLast?: boolean;
  readonly payload?: string | Buffer;
}

/** One frame of a client. Its mask is of zeros, which changes nothing. */
export function toFrame(
  kind: keyof typeof OPCODES,
  { isLast = true, payload = '' }: FrameOptions = {},
): Buffer {
  const body = Buffer.from(payload);
  const first = (isLast ? 0x80 : 0) | OPCODES[kind];
  const mask = Buffer.alloc(4);
  if (body.length < 126)
    return Buffer.concat([Buffer.from([first, 0x80 | body.length]), mask, body]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(body.length));
  return Buffer.concat([Buffer.from([first, 0xff]), length, mask, body]);
}

/** A text in fragments of this many bytes. */
export function toFragments(text: string, size: number): Buffer {
  const bytes = Buffer.from(text);
  const frames: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    const isLast = from + size >= bytes.length;
    const payload = bytes.subarray(from, from + size);
    frames.push(toFrame(from === 0 ? 'text' : 'continuation', { isLast, payload }));
  }
  return Buffer.concat(frames);
}

export interface BareConnection {
  readonly socket: Socket;
  /** What has come from the gateway so far, a character for each byte. */
  readonly received: string;
  /** Resolves when the gateway has let go of the connection. */
  readonly closed: Promise<void>;
  /** Resolves when this has been received. Throws where the connection goes before. */
  until(part: string): Promise<void>;
}

/** A TCP connection on which a WebSocket has been opened. Nothing answers for it. */
export async function openBareSocket(
  url: string,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<BareConnection> {
  const connection = openBareConnection(url, options);
  connection.socket.write(
    [
      'GET /graphql HTTP/1.1',
      `host: ${new URL(url).host}`,
      'connection: upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-protocol: graphql-transport-ws',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      '',
      '',
    ].join('\r\n'),
  );
  await connection.until('\r\n\r\n');
  return connection;
}

/** The same after its initialisation, and a function that sends messages, all of them in one packet. */
export async function openReadyBareSocket(url: string, authorization?: string) {
  const connection = await openBareSocket(url);
  const send = (...messages: object[]) => {
    const frames = messages.map((message) => toFrame('text', { payload: JSON.stringify(message) }));
    connection.socket.write(Buffer.concat(frames));
  };
  send({ type: 'connection_init', payload: { Authorization: authorization } });
  await connection.until('connection_ack');
  return { connection, send };
}

/** @param allowHalfOpen keeps this side open when the gateway has ended its own. */
export function openBareConnection(
  url: string,
  { allowHalfOpen = false }: { readonly allowHalfOpen?: boolean } = {},
): BareConnection {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen });
  const waiting = new Set<() => void>();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    for (const check of waiting) check();
  });
  // A reset is an end like others, and what has been received counts.
  socket.on('error', () => undefined);
  socket.on('close', () => close());
  return {
    socket,
    get received() {
      return received;
    },
    closed,
    async until(part) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = () => received.includes(part) && resolve();
      waiting.add(check);
      check();
      await Promise.race([promise, closed]);
      waiting.delete(check);
      if (!received.includes(part)) throw new Error(`The connection ended after: ${received}`);
    },
  };
}

/**
 * A way to a PostgreSQL server on which a test sees each statement, before the server does and again
 * before the client has its result, and where it can end the traffic at that very place.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** One connection. */
export interface TapLine {
  /** False: neither this statement nor anything after it reaches the server. */
  before(sql: string): boolean;
  /** `count`: the rows that the statement has changed or read. False: the client gets no more data. */
  after(sql: string, count: number): boolean;
}

export interface PostgresTap extends AsyncDisposable {
  /** The same database by way of the tap. */
  readonly url: string;
  /** Cuts every connection. New ones are accepted. */
  cut(): void;
  /** Cuts every connection, and refuses new ones from now on. */
  close(): Promise<void>;
}

/** @param createLine is called for each connection. */
export async function startPostgresTap(
  target: string,
  createLine: () => TapLine,
): Promise<PostgresTap> {
  const url = new URL(target);
  const { hostname, port } = url;
  const cuts = new Set<() => void>();

  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    const line = createLine();
    const said = createSplitter(false);
    const heard = createSplitter(true);
    /** The texts of prepared statements by their names; an empty name is the last one's. */
    const texts = new Map<string, string>();
    let sql = '';
    let count: number | null = null;
    let isOver = false;

    client.on('data', (chunk: Buffer) => {
      for (const { type, body, bytes } of isOver ? [] : said(chunk)) {
        if (type === 'P') texts.set(toText(body), toText(body.subarray(body.indexOf(0) + 1)));
        const text = toStatement(type, body, texts);
        if (text !== null) {
          sql = text;
          count = null;
          isOver = !line.before(sql);
          if (isOver) return;
        }
        behind.write(bytes);
      }
    });
    behind.on('data', (chunk: Buffer) => {
      for (const { type, body, bytes } of isOver ? [] : heard(chunk)) {
        if (type === 'C') count = toCount(sql, toText(body));
        // ReadyForQuery, after a statement that did not fail.
        if (type === 'Z' && count !== null) isOver = !line.after(sql, count);
        if (isOver) return;
        if (type === 'Z') count = null;
        client.write(bytes);
      }
    });

    const cut = () => {
      client.destroy();
      behind.destroy();
    };
    cuts.add(cut);
    for (const socket of [client, behind]) {
      socket.setNoDelay();
      socket.on('error', () => {});
      socket.on('close', () => {
        cuts.delete(cut);
        cut();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  function cut(): void {
    for (const one of [...cuts]) one();
  }
  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  }
  return { url: url.href, cut, close, [Symbol.asyncDispose]: close };
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** Cuts what comes over a connection into its messages. A client's first one has no type. */
function createSplitter(isTyped: boolean): (chunk: Buffer) => Message[] {
  let typeLength = isTyped ? 1 : 0;
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const messages: Message[] = [];
    while (rest.length >= typeLength + 4) {
      const length = typeLength + rest.readUInt32BE(typeLength);
      if (rest.length < length) break;
      messages.push({
        type: String.fromCharCode(...rest.subarray(0, typeLength)),
        body: rest.subarray(typeLength + 4, length),
        bytes: rest.subarray(0, length),
      });
      rest = rest.subarray(length);
      typeLength = 1;
    }
    return messages;
  };
}

/** The text of what a Query or a Bind message will run; null for any other. */
function toStatement(
  type: string,
  body: Buffer,
  texts: ReadonlyMap<string, string>,
): string | null {
  if (type === 'Q') return toText(body);
  // The name of the statement comes after the portal's.
  return type === 'B' ? (texts.get(toText(body.subarray(body.indexOf(0) + 1))) ?? '') : null;
}

/** Of a CommandComplete: "UPDATE 3", "INSERT 0 1", "BEGIN". Null for a commit that was refused. */
function toCount(sql: string, tag: string): number | null {
  return sql === 'commit' && tag === 'ROLLBACK' ? null : Number(/\d*$/.exec(tag)?.[0]);
}

function toText(bytes: Buffer): string {
  return bytes.toString('utf8', 0, bytes.indexOf(0));
}

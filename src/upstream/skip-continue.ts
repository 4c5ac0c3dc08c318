import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

const CONTINUE = /^HTTP\/1\.[01] 100[ \r]/;
/** `HTTP/1.1 100 `: with fewer bytes the status is not known yet. */
const PREFIX_LENGTH = 13;
const PREFIXES = [Buffer.from('HTTP/1.1 100'), Buffer.from('HTTP/1.0 100')] as const;
const HEAD_END = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Creates connections that skip an unprompted `100 Continue`. It may precede any answer, but undici
 * treats it as a protocol error and closes the connection.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.2
 */
export function skipContinue(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [, socket] = result;
      if (socket) filterContinue(socket);
      callback(...result);
    });
}

/** Overrides `read` and `write` of this socket. undici calls `read`, and sends one request at a time. */
function filterContinue(socket: Socket): void {
  const read: (size?: number) => Buffer | null = socket.read.bind(socket);
  const write = socket.write.bind(socket);
  /** Whether the next bytes begin an answer. */
  let isAtStart = true;
  let held: Buffer = NOTHING;

  socket.write = ((...args: Parameters<typeof write>) => {
    isAtStart = true;
    return write(...args);
  }) as typeof socket.write;

  socket.read = (size?: number) => {
    if (!isAtStart || size === 0) return read(size);
    for (let chunk = read(); chunk !== null; chunk = read()) {
      const rest = dropContinue(Buffer.concat([held, chunk]));
      held = rest.held;
      if (rest.bytes.length === 0) continue;
      isAtStart = false;
      return rest.bytes;
    }
    return null;
  };
}

/** `held`: bytes that may yet turn out to be a 100. `bytes`: the beginning of the answer. */
function dropContinue(received: Buffer): { held: Buffer; bytes: Buffer } {
  let rest = received;
  while (CONTINUE.test(rest.toString('latin1', 0, PREFIX_LENGTH))) {
    const end = rest.indexOf(HEAD_END);
    if (end < 0 && rest.length > MAX_HEAD_BYTES) return { held: NOTHING, bytes: rest };
    if (end < 0) return { held: rest, bytes: NOTHING };
    rest = rest.subarray(end + HEAD_END.length);
  }
  const mayBeContinue = PREFIXES.some((prefix) => prefix.subarray(0, rest.length).equals(rest));
  return mayBeContinue ? { held: rest, bytes: NOTHING } : { held: NOTHING, bytes: rest };
}

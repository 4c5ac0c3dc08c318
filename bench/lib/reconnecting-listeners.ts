/**
 * WebSocket listeners to all completions of their owner, which reconnect as graphql-ws' own client does:
 * `reconnecting-listeners.ts <url> <count> <authorization> <network>`. It tells its parent of each event, in
 * batches, and of how many are connected.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** The network has the form `127.0.1`. */
const [url = '', count = '0', authorization = '', network] = process.argv.slice(2);
const QUERY =
  'subscription C($after: String) { videoExtended(after: $after) { cursor video { id } } }';
/**
 * Local addresses that the listeners share. The kernel looks for a free port of an address one by one: with
 * more than a few thousand connections each, this takes longer than all the rest.
 */
const ADDRESSES = 16;
/** Connections that are being opened at a time. */
const WAVE = 200;

let connected = 0;
let heard = 0;
let lastAt = 0;

/** Of graphql-ws: 1 s, doubled with each attempt, and 0.3 to 3 s more. */
function toPause(attempt: number): number {
  return 1_000 * 2 ** Math.min(attempt, 5) + 300 + Math.random() * 2_700;
}

class Listener {
  readonly #localAddress: string;
  #cursor: string | null = null;

  constructor(number: number) {
    this.#localAddress = `${network}.${(number % ADDRESSES) + 1}`;
  }

  /** Resolves when it is connected for the first time. */
  async run(onConnected: () => void): Promise<never> {
    for (let attempt = 0; ; attempt += 1) {
      await this.#connect(() => {
        attempt = 0;
        onConnected();
      });
      await delay(toPause(attempt));
    }
  }

  /** Resolves when the connection has gone. */
  #connect(onConnected: () => void): Promise<void> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
      localAddress: this.#localAddress,
    });
    let isConnected = false;
    return new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (isConnected) connected -= 1;
        resolve();
      });
      socket.on('open', () => {
        const payload = { Authorization: authorization };
        socket.send(JSON.stringify({ type: 'connection_init', payload }));
      });
      socket.on('message', (data) => {
        const { type, payload } = JSON.parse(String(data));
        if (type === 'connection_ack') {
          isConnected = true;
          connected += 1;
          onConnected();
          const variables = { after: this.#cursor };
          socket.send(
            JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY, variables } }),
          );
        } else if (type === 'ping') {
          socket.send('{"type":"pong"}');
        } else if (type === 'next' && payload.data) {
          this.#cursor = payload.data.videoExtended.cursor;
          heard += 1;
          lastAt = performance.timeOrigin + performance.now();
        } else {
          throw new Error(String(data));
        }
      });
    });
  }
}

for (let from = 0; from < Number(count); from += WAVE) {
  const wave = Math.min(WAVE, Number(count) - from);
  const opened = Array.from(
    { length: wave },
    (_, index) => new Promise<void>((resolve) => void new Listener(from + index).run(resolve)),
  );
  await Promise.all(opened);
}
setInterval(() => process.send?.({ connected, heard, lastAt }), 100);
process.on('disconnect', () => process.exit(0));
// The parent has gone.
process.on('error', () => process.exit(0));

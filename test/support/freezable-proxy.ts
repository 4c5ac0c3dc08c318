/** A way to a server that can be cut without a word to either side, as a firewall that forgets does. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface FreezableProxy extends AsyncDisposable {
  /** The same address by way of the proxy. */
  readonly url: string;
  /**
   * Lets nothing more through of the connections on which a client has said this, or of all of them;
   * new ones work. Answers how many.
   */
  freeze(said?: string): number;
}

interface Line {
  readonly sockets: readonly Socket[];
  heard: string;
  isFrozen: boolean;
}

export async function startFreezableProxy(target: string): Promise<FreezableProxy> {
  const { hostname, port } = new URL(target);
  const lines = new Set<Line>();
  // An end that comes over a frozen line stays unanswered.
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const behind = connect(Number(port), hostname);
    const line: Line = { sockets: [client, behind], heard: '', isFrozen: false };
    lines.add(line);
    client.on('data', (data) => {
      line.heard += String(data);
      if (!line.isFrozen) behind.write(data);
    });
    behind.on('data', (data) => {
      if (!line.isFrozen) client.write(data);
    });
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('close', () => {
        lines.delete(line);
        if (!line.isFrozen) other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    freeze(said = '') {
      const chosen = [...lines].filter(({ heard }) => heard.includes(said));
      for (const line of chosen) line.isFrozen = true;
      return chosen.length;
    },
    async [Symbol.asyncDispose]() {
      for (const { sockets } of lines) for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

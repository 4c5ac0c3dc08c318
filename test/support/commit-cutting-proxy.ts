/** A way to PostgreSQL that loses the acknowledgement of a commit which the server has carried out. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CommitCuttingProxy extends AsyncDisposable {
  /** The same address by way of the proxy. */
  readonly url: string;
  /** Cuts the next connection that commits a statement with this text, once the server has answered. */
  cutCommitOf(text: string): Promise<void>;
}

export async function startCommitCuttingProxy(target: string): Promise<CommitCuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let armed: (PromiseWithResolvers<void> & { text: string }) | null = null;
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    let cut: PromiseWithResolvers<void> | null = null;
    let isWritten = false;
    client.on('data', (data) => {
      const said = data.toString('latin1');
      isWritten ||= armed !== null && said.includes(armed.text);
      if (armed && isWritten && /\bcommit\b/i.test(said)) {
        cut = armed;
        armed = null;
      }
      behind.write(data);
    });
    behind.on('data', (data) => {
      if (!cut) return client.write(data);
      client.destroy();
      cut.resolve();
      return false;
    });
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    cutCommitOf(text) {
      armed = { ...Promise.withResolvers<void>(), text };
      return armed.promise;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

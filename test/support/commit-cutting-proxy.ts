/** A way to PostgreSQL that loses the acknowledgement of a commit which the server carries out. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CommitCuttingProxy extends AsyncDisposable {
  /** The same address by way of the proxy. */
  readonly url: string;
  /** Cuts the next connection that commits a statement with this text, once the server has answered. */
  cutCommitOf(text: string): Promise<void>;
  /**
   * The same, before the commit has reached the server.
   *
   * @returns lets the commit arrive.
   */
  delayCommitOf(text: string): Promise<() => void>;
  /** Resolves when the server has answered the next statement with this text. */
  answerTo(text: string): Promise<void>;
}

interface Trap {
  readonly text: string;
  readonly isDelayed: boolean;
  readonly sprung: PromiseWithResolvers<() => void>;
}

export async function startCommitCuttingProxy(target: string): Promise<CommitCuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let armed: Trap | null = null;
  function arm(text: string, isDelayed: boolean): Promise<() => void> {
    const sprung = Promise.withResolvers<() => void>();
    armed = { text, isDelayed, sprung };
    return sprung.promise;
  }
  let awaited: { text: string; answered: PromiseWithResolvers<void> } | null = null;
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    let cut: Trap | null = null;
    let isWritten = false;
    let isTransaction = false;
    let onAnswer = () => {};
    client.on('data', (data) => {
      const said = data.toString('latin1');
      if (awaited && said.includes(awaited.text)) {
        onAnswer = awaited.answered.resolve;
        awaited = null;
      }
      if (/\bbegin\b/i.test(said)) isTransaction = true;
      isWritten ||= armed !== null && said.includes(armed.text);
      // Outside of a transaction a statement commits by itself.
      const isCommit = !isTransaction || /\bcommit\b/i.test(said);
      if (/\b(commit|rollback)\b/i.test(said)) isTransaction = false;
      if (armed && isWritten && isCommit) {
        cut = armed;
        armed = null;
        if (cut.isDelayed) {
          client.destroy();
          cut.sprung.resolve(() => behind.end(data));
          return;
        }
      }
      behind.write(data);
    });
    behind.on('data', (data) => {
      onAnswer();
      if (!cut) return client.write(data);
      client.destroy();
      cut.sprung.resolve(() => {});
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
        if (!cut?.isDelayed) other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    async cutCommitOf(text) {
      await arm(text, false);
    },
    delayCommitOf: (text) => arm(text, true),
    answerTo(text) {
      awaited = { text, answered: Promise.withResolvers<void>() };
      return awaited.answered.promise;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

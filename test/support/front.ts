/** A TCP address that is known before the server behind it: nginx, which listens on a UNIX socket. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Front extends AsyncDisposable {
  readonly url: string;
  leadTo(socketPath: string): void;
}

export async function startFront(): Promise<Front> {
  const open = new Set<Socket>();
  let target: string | undefined;
  const server = createServer((near) => {
    const far = target === undefined ? near.destroy() : connect(target);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => near.destroy()).on('close', () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo(socketPath) {
      target = socketPath;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

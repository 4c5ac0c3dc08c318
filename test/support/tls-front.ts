/** TLS in front of a plain HTTP server of the test. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Certificates } from './certificates.ts';

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
  /** Cuts every connection that is open now. */
  cut(): void;
}

export async function startTlsFront(
  target: { readonly url: string },
  { certificate, key }: Certificates,
): Promise<TlsFront> {
  const sockets = new Set<TLSSocket>();
  const port = Number(new URL(target.url).port);
  const options = { cert: await readFile(certificate), key: await readFile(key) };
  const server = createServer(options, (socket) => {
    const behind = connect(port, '127.0.0.1');
    sockets.add(socket);
    socket.on('error', () => behind.destroy());
    behind.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      behind.destroy();
    });
    behind.on('close', () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

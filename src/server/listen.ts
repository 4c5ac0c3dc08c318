import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Resolves with the address, `http://host:port`, once the server accepts connections.
 *
 * @param port 0 chooses a free port.
 * @throws Error with a message for the operator.
 */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (error) {
    throw new Error(explain(error, host, port), { cause: error });
  } finally {
    server.off('error', reject);
  }
  return toUrl(host, (server.address() as AddressInfo).port);
}

export function toUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function explain(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `PORT: ${host}:${port} is already in use. Stop the program that listens there, or set another PORT.`;
    case 'EACCES':
      return `PORT: ${port} needs more permissions than this user has. Set one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST: ${host} is not an address of this machine. Set 127.0.0.1 for this machine only, or 0.0.0.0 for all networks.`;
  }
  return `PORT: ${error instanceof Error ? error.message : String(error)}`;
}

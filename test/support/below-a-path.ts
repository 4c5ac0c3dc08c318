/** A gateway with BASE_PATH behind nginx, which passes paths on as they are. */

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { startFront } from './front.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { startNginx } from './nginx.ts';

export const BASE_PATH = '/api/video';

export interface GatewayBelowAPath extends AsyncDisposable {
  /** Its address through nginx. */
  readonly url: string;
  readonly gateway: TestGateway;
  readonly sandbox: Sandbox;
}

export async function startGatewayBelowAPath(
  env: Record<string, string> = {},
): Promise<GatewayBelowAPath> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await startSandbox({ autoplay: false }));
  const front = stack.use(await startFront());
  const url = front.url + BASE_PATH;
  const gateway = stack.use(await startGateway(sandbox, { BASE_PATH, PUBLIC_URL: url, ...env }));
  const location = `location ${BASE_PATH}/ {
    proxy_pass ${new URL(gateway.url).origin};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_buffering off;
  }`;
  const { origin } = new URL(sandbox.url);
  // Anything outside of the path is another application's.
  const nginx = stack.use(await startNginx({ url: origin }, '', location));
  front.leadTo(nginx.socketPath);
  const owned = stack.move();
  return { url, gateway, sandbox, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

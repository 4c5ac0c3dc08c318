/** The requests of the AWS SDK: directly, or through the outbound proxy. */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { DestinationError } from '../destination.ts';

const TIMEOUTS = {
  connectionTimeout: 10_000,
  /** Per request. These requests carry no bytes of files. */
  requestTimeout: 60_000,
  // By default the SDK only prints a warning.
  throwOnRequestTimeout: true,
};
const CONNECTIONS = { keepAlive: true, maxSockets: 50 };

/** @throws DestinationError when the agents of this version of Node would ignore the proxy. */
export function requireProxySupport(version: string): void {
  const [major = 0, minor = 0] = version.replace('v', '').split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 5)) return;
  throw new DestinationError(
    `KEEP_URL: a bucket behind an outbound proxy needs Node 24.5 or newer, and this is ${version}. Install it, or name the store's host in NO_PROXY`,
  );
}

/** Decides for each request, because the bucket and what issues its credentials are different hosts. */
export class S3Requests extends NodeHttpHandler {
  readonly #findProxy: (url: string) => URL | null;
  readonly #throughProxy = new Map<string, NodeHttpHandler>();

  /** @param findProxy the proxy for a URL; null: directly. */
  constructor(findProxy: (url: string) => URL | null) {
    super(TIMEOUTS);
    this.#findProxy = findProxy;
  }

  override handle(...call: Parameters<NodeHttpHandler['handle']>) {
    const [{ protocol, hostname, port }] = call;
    const proxy = this.#findProxy(`${protocol}//${hostname}${port ? `:${port}` : ''}/`);
    return proxy ? this.#through(proxy).handle(...call) : super.handle(...call);
  }

  override destroy(): void {
    super.destroy();
    for (const handler of this.#throughProxy.values()) handler.destroy();
  }

  #through(proxy: URL): NodeHttpHandler {
    const known = this.#throughProxy.get(proxy.href);
    if (known) return known;
    // Node's agents have rules of their own for NO_PROXY, and it is decided already.
    const options = {
      ...CONNECTIONS,
      proxyEnv: { HTTP_PROXY: proxy.href, HTTPS_PROXY: proxy.href },
    };
    const handler = new NodeHttpHandler({
      ...TIMEOUTS,
      httpAgent: new HttpAgent(options),
      httpsAgent: new HttpsAgent(options),
    });
    this.#throughProxy.set(proxy.href, handler);
    return handler;
  }
}

import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { skipContinue } from './skip-continue.ts';

export interface DispatcherOptions {
  readonly origin: string;
  /** Null: directly. */
  readonly proxy: URL | null;
  readonly pool: Omit<Pool.Options, 'connect'>;
  /** Milliseconds for the connection, TLS included; to a proxy and beyond it. */
  readonly connectTimeoutMs: number;
  /** Replaces the default connector; only without a proxy. */
  readonly connect: buildConnector.connector | undefined;
}

/**
 * The connections to one origin. An https origin is reached by a tunnel through the proxy, so that its
 * POST leaves, and sets the flag of `exchange`, on a connection to the origin itself. For an http
 * origin the proxy takes the request over, so that it has left when the proxy has it.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { origin, proxy, pool, connectTimeoutMs, connect } = options;
  // The flag that tells whether a POST has left holds for HTTP/1.1: see exchange.ts.
  const http1 = { allowH2: false, timeout: connectTimeoutMs };
  const createPool = (target: string | URL, connector: buildConnector.connector) =>
    new Pool(target, { ...pool, allowH2: false, connect: skipContinue(connector) });
  if (proxy === null) return createPool(origin, connect ?? buildConnector(http1));

  return new ProxyAgent({
    uri: proxy.href,
    connectTimeout: connectTimeoutMs,
    proxyTls: http1,
    requestTls: http1,
    factory: (target, { connect: connector }: { connect: buildConnector.connector }) =>
      createPool(target, connector),
    // A proxy that does not answer a CONNECT must not hold its place for long.
    clientFactory: (target, own) => new Pool(target, { ...own, headersTimeout: connectTimeoutMs }),
  });
}

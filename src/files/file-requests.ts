/** Requests to the servers that the upstream names: which hosts, how many redirects, how long. */

import { Agent, buildConnector, type Dispatcher, ProxyAgent, request } from 'undici';
import packageFile from '../../package.json' with { type: 'json' };
import { type AllowedHosts, toPort } from './allowed-hosts.ts';
import { SourceError } from './source-error.ts';

const MAX_REDIRECTS = 3;
const CONNECT_TIMEOUT_MS = 10_000;

export interface Requester {
  /** @throws SourceError; what undici throws. */
  send(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData>;
  close(): void;
}

export interface RequesterOptions {
  readonly hosts: AllowedHosts;
  /** The outbound proxy for a URL; null: directly. */
  readonly findProxy: (url: string) => URL | null;
  /** The longest time without a byte. */
  readonly stallMs: number;
}

export function createRequester(options: RequesterOptions): Requester {
  const { hosts, stallMs } = options;
  const timeouts = { headersTimeout: stallMs, bodyTimeout: stallMs };
  const direct = new Agent({ ...timeouts, connect: createPinnedConnector(hosts) });
  const proxies = new Map<string, ProxyAgent>();

  async function chooseDispatcher(url: URL): Promise<Dispatcher> {
    const proxy = options.findProxy(url.href);
    if (proxy === null) return direct;
    const port = toPort(url);
    // The proxy resolves the name once more. It may be the only one that can.
    await hosts.resolve(url.hostname, port).catch((error: unknown) => {
      if (error instanceof SourceError) throw error;
      if (hosts.isNamed(url.hostname, port)) return;
      throw new SourceError(
        `${url.hostname} cannot be resolved here. If the proxy can resolve it, add it to KEEP_ALLOWED_HOSTS`,
        { cause: error },
      );
    });
    const known = proxies.get(proxy.href) ?? new ProxyAgent({ uri: proxy.href, ...timeouts });
    proxies.set(proxy.href, known);
    return known;
  }

  /** Follows redirects, each of which is checked like the first URL. */
  async function send(
    address: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    let url = toUrl(address);
    for (let redirects = 0; ; redirects += 1) {
      hosts.check(url);
      const response = await request(url, {
        dispatcher: await chooseDispatcher(url),
        headers: {
          accept: 'video/*, image/*',
          'accept-encoding': 'identity',
          'user-agent': `longtake/${packageFile.version}`,
          ...headers,
        },
        signal,
      });
      const { location } = response.headers;
      if (!isRedirect(response.statusCode) || typeof location !== 'string') return response;
      discard(response);
      if (redirects === MAX_REDIRECTS) {
        throw new SourceError(`more than ${MAX_REDIRECTS} redirects`, { isFinal: false });
      }
      url = toUrl(location, url);
    }
  }

  return {
    send,
    close() {
      for (const agent of [direct, ...proxies.values()]) void agent.destroy();
    },
  };
}

/** Connects to the addresses that were checked, and not to what a second look-up might return. */
function createPinnedConnector(hosts: AllowedHosts): buildConnector.connector {
  return (options, callback) => {
    const port = options.port || (options.protocol === 'https:' ? '443' : '80');
    hosts.resolve(options.hostname, port).then(
      (addresses) => {
        const [first] = addresses;
        if (!first) return callback(new Error(`${options.hostname} has no address`), null);
        const connect = buildConnector({
          timeout: CONNECT_TIMEOUT_MS,
          allowH2: false,
          // Node tries the addresses one after another.
          lookup: (_hostname, { all }, answer) =>
            all ? answer(null, [...addresses]) : answer(null, first.address, first.family),
        });
        connect(options, callback);
      },
      (error: Error) => callback(error, null),
    );
  };
}

function toUrl(address: string, base?: URL): URL {
  const url = URL.parse(address, base);
  if (!url) throw new SourceError('its address is not a URL', { isFinal: true });
  return url;
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

export function discard({ body }: Dispatcher.ResponseData): void {
  body.on('error', () => undefined);
  body.destroy();
}

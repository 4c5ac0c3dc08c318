/** Which hosts and addresses files may be fetched from. */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { SourceError } from './source-error.ts';

export interface AllowedHosts {
  /**
   * Checks a URL before it is requested.
   *
   * @throws SourceError
   */
  check(url: URL): void;
  /**
   * Resolves the host of a URL that has passed `check`, and checks every address. The caller connects
   * to these addresses and resolves no second time.
   *
   * @throws SourceError; or what the resolver throws.
   */
  resolve(hostname: string, port: string): Promise<readonly Address[]>;
  /** Whether the operator has named the host: as the upstream's, or in `KEEP_ALLOWED_HOSTS`. */
  isNamed(hostname: string, port: string): boolean;
}

export interface Address {
  readonly address: string;
  readonly family: number;
}

export interface AllowedHostsOptions {
  readonly upstreamUrl: string;
  /** Where not empty, the only hosts. */
  readonly allowed: readonly string[];
  /** As `dns.lookup` does it. */
  readonly resolveName?: (hostname: string) => Promise<readonly Address[]>;
}

const lookUp = (hostname: string) => lookup(hostname, { all: true });

/**
 * Private addresses are those of this machine, of its network and of the cloud's metadata service. They
 * are allowed only where the upstream itself has one: for the upstream's own host and port, and for
 * hosts that are named in `KEEP_ALLOWED_HOSTS`.
 */
export function createAllowedHosts(options: AllowedHostsOptions): AllowedHosts {
  const { resolveName = lookUp } = options;
  const upstream = new URL(options.upstreamUrl);
  const allowed = options.allowed.map((host) => host.toLowerCase());

  function isListed(hostname: string, port: string): boolean {
    const host = toBareHost(hostname);
    return allowed.some((entry) => {
      const name = toBareHost(entry);
      if (name === host || entry === `${hostname}:${port}`) return true;
      return name.startsWith('*.') && host.endsWith(name.slice(1));
    });
  }

  const isUpstream = (hostname: string, port: string) =>
    hostname === upstream.hostname && port === toPort(upstream);

  async function find(hostname: string): Promise<readonly Address[]> {
    const host = toBareHost(hostname);
    const family = isIP(host);
    return family === 0 ? resolveName(host) : [{ address: host, family }];
  }

  async function isUpstreamPrivate(): Promise<boolean> {
    const addresses = await find(upstream.hostname);
    return addresses.some(({ address }) => !isPublic(address));
  }

  return {
    isNamed: (hostname, port) => isUpstream(hostname, port) || isListed(hostname, port),

    check(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') {
        throw new SourceError(`${url.protocol} is not http(s)`, { isFinal: true });
      }
      if (url.username || url.password) {
        throw new SourceError('its URL contains credentials', { isFinal: true });
      }
      if (allowed.length > 0 && !isListed(url.hostname, toPort(url))) {
        throw new SourceError(`KEEP_ALLOWED_HOSTS does not contain ${url.hostname}`, {
          isFinal: true,
        });
      }
    },

    async resolve(hostname, port) {
      const addresses = await find(hostname);
      const refused = addresses.find(({ address }) => !isPublic(address));
      if (refused === undefined || isUpstream(hostname, port)) return addresses;
      if (isListed(hostname, port) && (await isUpstreamPrivate())) return addresses;
      throw new SourceError(`${hostname} has the private address ${refused.address}`, {
        isFinal: true,
      });
    },
  };
}

/** @see https://www.iana.org/assignments/ipv6-address-space */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether anybody on the internet can reach the address. */
export function isPublic(address: string): boolean {
  // A scope such as %eth0 belongs to link-local addresses.
  if (!ipaddr.isValid(address) || address.includes('%')) return false;
  // An IPv4 address in IPv6 notation is judged as the IPv4 address.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_UNICAST);
}

/** Also where it is the scheme's own. */
export function toPort(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

/** Without the brackets of an IPv6 address and the dot at the end of a full name. */
function toBareHost(host: string): string {
  return host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

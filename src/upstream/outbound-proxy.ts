/** Selects the route of upstream calls: direct, or through the proxy that the environment names. */

import { BlockList, isIP } from 'node:net';
import { isLoopback } from '../loopback.ts';

export interface ProxySettings {
  readonly HTTPS_PROXY?: string | undefined;
  readonly HTTP_PROXY?: string | undefined;
  readonly NO_PROXY: readonly string[];
}

/**
 * The proxy for an address; null: direct. Calls to this machine are always direct.
 * An entry of `NO_PROXY` is a domain, which covers its subdomains, an address or a range of addresses,
 * each with or without a port; `*` is everything.
 */
export function findProxy(url: string, settings: ProxySettings): URL | null {
  const { protocol, hostname, port } = new URL(url);
  const proxy = protocol === 'https:' ? settings.HTTPS_PROXY : settings.HTTP_PROXY;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (!proxy || isLoopback(host)) return null;
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  const isExcluded = settings.NO_PROXY.some((entry) => matches(entry.toLowerCase(), host, ownPort));
  return isExcluded ? null : new URL(proxy);
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  // An IPv6 address has colons of its own, unless it stands in brackets.
  const [, bracketed, name = entry, ownPort] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(entry) ?? [];
  if (ownPort !== undefined && ownPort !== port) return false;
  const wanted = (bracketed ?? name).replace(/^\[|\]$/g, '');
  if (isIP(host)) return wanted === host || isInRange(wanted, host);
  const domain = wanted.replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

/** Whether the address lies in a range such as `10.0.0.0/8`. */
function isInRange(range: string, address: string): boolean {
  const [, network = '', prefix = ''] = /^([\da-f.:]+)\/(\d{1,3})$/.exec(range) ?? [];
  const version = isIP(network);
  if (version === 0 || Number(prefix) > (version === 4 ? 32 : 128)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), family);
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** For people: without the credentials that its URL may hold. */
export function toProxyName(proxy: URL): string {
  return proxy.origin;
}

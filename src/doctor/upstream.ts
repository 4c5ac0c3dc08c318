import type { Config } from '../config.ts';
import {
  GatewayError,
  RateLimitedError,
  UpstreamError,
  UpstreamMaintenanceError,
  UpstreamUnauthorizedError,
  UpstreamUnreachableError,
} from '../errors.ts';
import { isLocal } from '../startup-warnings.ts';
import { createUpstreamClient, type UpstreamClient } from '../upstream/client.ts';
import { fetchCredits } from '../upstream/credits.ts';
import { fetchDetails } from '../upstream/details.ts';
import { findProxy, toProxyName } from '../upstream/outbound-proxy.ts';
import { type Finding, fault, ok, toReason, warning } from './finding.ts';

/** The id of no task: reading it costs nothing and starts nothing. */
const NO_TASK = '00000000-0000-4000-8000-000000000000';
const PATIENCE_MS = 10_000;

/** One read. Any answer about the task shows that the key was accepted. */
export async function examineUpstream(config: Config): Promise<Finding[]> {
  const proxy = findProxy(config.UPSTREAM_URL, config);
  const answer = await ask(config, proxy);
  // An upstream on this machine is always reached directly.
  if (isLocal(config.UPSTREAM_URL)) return [answer];
  const route = proxy ? `through the proxy ${toProxyName(proxy)}` : 'directly, without a proxy';
  return [answer, ok('upstream', `calls go out ${route}`)];
}

async function ask(config: Config, proxy: URL | null): Promise<Finding> {
  const url = config.UPSTREAM_URL;
  const client = createUpstreamClient({
    url,
    apiKey: config.APIKLEY_API_KEY,
    timeoutMs: Math.min(config.UPSTREAM_TIMEOUT_MS, PATIENCE_MS),
    proxy,
  });
  try {
    await fetchDetails(client, NO_TASK);
    const balance = config.UPSTREAM_CREDITS ? await toBalance(client) : '';
    return ok('upstream', `${url} answers and accepts the key${balance}`);
  } catch (error) {
    return explain(error, url, proxy);
  } finally {
    await client.close();
  }
}

function toReachFix(proxy: URL | null): string {
  return proxy
    ? `Check UPSTREAM_URL, and that the proxy ${toProxyName(proxy)} runs and accepts this machine; NO_PROXY excludes hosts from it.`
    : 'Check UPSTREAM_URL, DNS and the firewall. Set HTTPS_PROXY if this network requires a proxy.';
}

/** The provider does not document this endpoint, and the gateway works without it. */
async function toBalance(client: UpstreamClient): Promise<string> {
  try {
    return `; the account has ${await fetchCredits(client)} credits`;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `; the account's balance cannot be read (${error.code})`;
  }
}

function explain(error: unknown, url: string, proxy: URL | null): Finding {
  if (error instanceof UpstreamUnauthorizedError) {
    return fault(
      'upstream',
      `${url} refuses the key`,
      'Set APIKLEY_API_KEY to a key of this upstream: sandbox-key for the sandbox, otherwise one from the site of the provider.',
    );
  }
  if (error instanceof UpstreamUnreachableError) {
    return fault(
      'upstream',
      `${url} cannot be reached: ${toReason(error)}`,
      isLocal(url)
        ? 'Start it (npx longtake sandbox), or set UPSTREAM_URL to where it listens.'
        : toReachFix(proxy),
    );
  }
  if (error instanceof RateLimitedError || error instanceof UpstreamMaintenanceError) {
    return warning('upstream', `${url} cannot serve now: ${error.message}`, 'Try again later.');
  }
  if (error instanceof UpstreamError) {
    const said = error.upstreamCode === null ? toReason(error) : `code ${error.upstreamCode}`;
    return fault(
      'upstream',
      `${url} does not answer as the API does: ${said}`,
      'Set UPSTREAM_URL to the base of the API, without a path and without a redirect.',
    );
  }
  if (error instanceof GatewayError) return fault('upstream', `${url}: ${error.message}`);
  throw error;
}

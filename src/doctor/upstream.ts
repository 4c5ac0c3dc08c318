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

/** A task that nobody has: asking for it costs nothing and starts nothing. */
const NO_TASK = '00000000-0000-4000-8000-000000000000';
const PATIENCE_MS = 10_000;

/** One read. Whatever is said of the task, it is said to a key that was accepted. */
export async function examineUpstream(config: Config): Promise<Finding[]> {
  const proxy = findProxy(config.UPSTREAM_URL, config);
  const answer = await ask(config, proxy);
  // To this machine itself there is no other way.
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
    return ok('upstream', `${url} answers, and accepts the key${balance}`);
  } catch (error) {
    return explain(error, url, proxy);
  } finally {
    await client.close();
  }
}

function toReachFix(proxy: URL | null): string {
  return proxy
    ? `See that UPSTREAM_URL is right, and that the proxy ${toProxyName(proxy)} runs and lets this machine through; NO_PROXY excludes hosts from it.`
    : 'See that UPSTREAM_URL is right, and that this machine may go out (DNS, firewall). Set HTTPS_PROXY where a proxy is the only way out.';
}

/** The endpoint is only observed: without it the gateway works as well. */
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
      'Set APIKLEY_API_KEY to a key of this upstream: the sandbox takes sandbox-key, the real one takes those of its own pages.',
    );
  }
  if (error instanceof UpstreamUnreachableError) {
    return fault(
      'upstream',
      `${url} cannot be reached: ${toReason(error)}`,
      isLocal(url)
        ? 'Start it (npm run sandbox), or set UPSTREAM_URL to where it listens.'
        : toReachFix(proxy),
    );
  }
  if (error instanceof RateLimitedError || error instanceof UpstreamMaintenanceError) {
    return warning('upstream', `${url} answers, but not now: ${error.message}`, 'Try again later.');
  }
  if (error instanceof UpstreamError) {
    const said = error.upstreamCode === null ? toReason(error) : `code ${error.upstreamCode}`;
    return fault(
      'upstream',
      `${url} does not answer as the API does: ${said}`,
      'See that UPSTREAM_URL is the base of the API, without a path of it and without a redirect.',
    );
  }
  if (error instanceof GatewayError) return fault('upstream', `${url}: ${error.message}`);
  throw error;
}

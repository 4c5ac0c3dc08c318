/** Checks whether a callback would arrive, as far as this machine can find out. */

import type { Config } from '../config.ts';
import { readJson } from '../read-answer.ts';
import { toUrl } from '../server/listen.ts';
import { isAnyAddress, isLocal } from '../startup-warnings.ts';
import { type Finding, fault, ok, toReason, warning } from './finding.ts';

const PATIENCE_MS = 5_000;
/** Maximum bytes to read of an answer. A gateway's has about fifty. */
const ANSWER_LIMIT = 16 * 1024;
/** A callback path of the right form that belongs to no task. */
const NO_CALLBACK = `/callbacks/${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}/${'A'.repeat(43)}`;

/** The address of this environment's gateway, as seen from its own machine. */
export function ownUrl(config: Config): string {
  const listening = toUrl(config.HOST, config.PORT);
  const origin = isAnyAddress(listening) ? toUrl('127.0.0.1', config.PORT) : listening;
  return origin + config.BASE_PATH;
}

export async function examineCallbacks(config: Config): Promise<Finding[]> {
  const own = ownUrl(config);
  const publicUrl = config.PUBLIC_URL ?? own;
  // A local PUBLIC_URL is reported as a warning elsewhere.
  if (isLocal(publicUrl) && !isLocal(config.UPSTREAM_URL)) return [];
  const trouble = await findTrouble(publicUrl);
  if (trouble === null) {
    return [ok('callbacks', `${publicUrl} is a gateway and accepts callbacks`)];
  }
  if ((await findTrouble(own)) !== null) {
    return [
      warning(
        'callbacks',
        `no gateway runs at ${own}, so callbacks to ${publicUrl === own ? 'it' : publicUrl} cannot be checked`,
        'Start the gateway, then run the doctor again while it runs.',
      ),
    ];
  }
  return [
    fault(
      'callbacks',
      `the gateway runs at ${own}, but not at PUBLIC_URL ${publicUrl}: ${trouble}`,
      'Route PUBLIC_URL to the gateway, including POST /callbacks/. Until then the gateway finds completions only by polling.',
    ),
  ];
}

/** Null if both the gateway and its callback endpoint answer. Neither request changes anything. */
async function findTrouble(url: string): Promise<string | null> {
  try {
    const health = await ask(`${url}/health`, 'GET');
    if (health.location)
      return `it redirects to ${health.location}, and the upstream follows no redirect`;
    if (health.status !== 200 || health.body?.status !== 'ok') {
      return `GET /health is answered with ${health.status}, but not by a gateway`;
    }
    const callback = await ask(`${url}${NO_CALLBACK}`, 'POST');
    // 503: a gateway without its database.
    const isOurs = callback.body?.code === callback.status && typeof callback.body.msg === 'string';
    return isOurs
      ? null
      : `POST /callbacks/… is answered with ${callback.status}, but not by the gateway`;
  } catch (error) {
    return toReason(error);
  }
}

async function ask(url: string, method: 'GET' | 'POST') {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(method === 'POST' && { body: '{}', headers: { 'content-type': 'application/json' } }),
  });
  // The answer of anything but a gateway is judged by its status.
  const body = await readJson(response, ANSWER_LIMIT).catch(() => null);
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null,
  };
}

/** Whether a callback would arrive, as far as that can be told from here. */

import type { Config } from '../config.ts';
import { readJson } from '../read-answer.ts';
import { toUrl } from '../server/listen.ts';
import { isAnyAddress, isLocal } from '../startup-warnings.ts';
import { type Finding, fault, ok, toReason, warning } from './finding.ts';

const PATIENCE_MS = 5_000;
/** Bytes of a gateway's answer: it has some fifty. */
const ANSWER_LIMIT = 16 * 1024;
/** An address of the right form that no task has. */
const NO_CALLBACK = `/callbacks/${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}/${'A'.repeat(43)}`;

/** Where a gateway of this environment is asked from its own machine. */
export function ownUrl(config: Config): string {
  const listening = toUrl(config.HOST, config.PORT);
  return isAnyAddress(listening) ? toUrl('127.0.0.1', config.PORT) : listening;
}

export async function examineCallbacks(config: Config): Promise<Finding[]> {
  const own = ownUrl(config);
  const publicUrl = config.PUBLIC_URL ?? own;
  // That the upstream cannot reach such an address is a risk, and told as one.
  if (isLocal(publicUrl) && !isLocal(config.UPSTREAM_URL)) return [];
  const trouble = await findTrouble(publicUrl);
  if (trouble === null) {
    return [ok('callbacks', `${publicUrl} is a gateway, and takes callbacks`)];
  }
  if ((await findTrouble(own)) !== null) {
    return [
      warning(
        'callbacks',
        `no gateway runs at ${own}, so whether ${publicUrl} leads to it cannot be told`,
        'Start the gateway, and run the doctor again beside it.',
      ),
    ];
  }
  return [
    fault(
      'callbacks',
      `the gateway runs at ${own}, but not at PUBLIC_URL ${publicUrl}: ${trouble}`,
      'Have PUBLIC_URL lead to the gateway, with /callbacks/ and by POST. Until then ends are found by reading tasks back.',
    ),
  ];
}

/** Null where both the gateway and its callbacks answer. Neither question changes anything. */
async function findTrouble(url: string): Promise<string | null> {
  try {
    const health = await ask(`${url}/health`, 'GET');
    if (health.location)
      return `it redirects to ${health.location}, and callbacks follow no redirect`;
    if (health.status !== 200 || health.body?.status !== 'ok') {
      return `GET /health is answered with ${health.status}, and not by a gateway`;
    }
    const callback = await ask(`${url}${NO_CALLBACK}`, 'POST');
    // 503: it has no database, and is a gateway all the same.
    const isOurs = callback.body?.code === callback.status && typeof callback.body.msg === 'string';
    return isOurs ? null : `POST /callbacks/… is answered with ${callback.status} on the way`;
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
  // What is not a gateway's is judged by its status.
  const body = await readJson(response, ANSWER_LIMIT).catch(() => null);
  return {
    status: response.status,
    location: response.headers.get('location'),
    body: typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null,
  };
}

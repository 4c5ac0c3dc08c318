/** Reads the account's balance every five minutes, on one replica at a time. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { GatewayError } from '../errors.ts';
import { claimCreditsRead, storeCredits } from '../store/credits.ts';
import type { Database } from '../store/schema.ts';
import type { UpstreamClient } from '../upstream/client.ts';
import { fetchCredits } from '../upstream/credits.ts';

const PERIOD_MS = 5 * 60_000;
/** How often each replica checks whether the balance is due, in case another one has stopped. */
const CHECK_EVERY_MS = 60_000;

export interface CreditsReader {
  stop(): Promise<void>;
}

export function startCreditsReader(
  db: Database,
  upstream: UpstreamClient,
  log: Logger,
): CreditsReader {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (await claimCreditsRead(db, PERIOD_MS)) {
          await storeCredits(db, await fetchCredits(upstream, signal));
        }
      } catch (error) {
        if (signal.aborted) return;
        const reason = error instanceof GatewayError ? { code: error.code } : { err: error };
        log.warn(reason, "the account's balance could not be read");
      }
      await delay(CHECK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

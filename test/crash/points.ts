/** The points of a task's life at which the crash tests kill, and the tests of either engine. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChildGateway } from '../support/child-gateway.ts';
import { crash } from './rig.ts';
import type { At, During, Site } from './site.ts';
import type { PaidUpstream } from './upstream.ts';

/** Grouped by what is in flight at the crash. */
const POINTS: Readonly<Record<During, readonly At[]>> = {
  submit: [
    'row committed',
    'POST about to leave',
    'POST received',
    'before the commit of the answer',
    'answer committed',
  ],
  callback: ['before the commit of the end', 'end committed'],
  read: ['row leased', 'GET received', 'before the commit of the end'],
};
const PHASES = Object.keys(POINTS) as During[];

/** @param rounds of each point. */
export function describeCrashes(
  what: string,
  rounds: number,
  createSite: (upstream: PaidUpstream, compileCache: string) => Promise<Site>,
): void {
  describe.concurrent(what, () => {
    let compileCache = '';

    beforeAll(async () => {
      compileCache = await mkdtemp(join(tmpdir(), 'longtake-cache-'));
      // Node writes its cache at a good end only; later starts, which never have one, read it.
      const gateway = await startChildGateway({
        folder: compileCache,
        upstreamUrl: 'http://127.0.0.1:9',
        env: { NODE_COMPILE_CACHE: compileCache },
      });
      await gateway.stop();
    });

    afterAll(async () => {
      await rm(compileCache, { recursive: true, force: true });
    });

    it.each(PHASES)(
      'loses and repeats nothing during a %s',
      async (during) => {
        const points = POINTS[during];

        const tally = await crash(during, points, rounds, (upstream) =>
          createSite(upstream, compileCache),
        );
        expect(tally.faults).toEqual([]);
        // So that their absence means something.
        const kills = Object.fromEntries(points.map((at) => [at, rounds]));
        expect(tally).toEqual({ kills, tasks: expect.toSatisfy((n) => n > 0), faults: [] });
      },
      // Only to end what hangs.
      20 * 60_000,
    );
  });
}

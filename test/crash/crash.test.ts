/**
 * Promises 1 to 6 under SIGKILL. Each round has three tasks under way, kills the gateway at a named
 * point, starts it again on the same file, and goes on until everything that the upstream knows is
 * known. See rig.ts for what is counted.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChildGateway } from '../support/child-gateway.ts';
import { crash, type Point, type Tally } from './rig.ts';

/** 20 are 200 kills, which take some minutes. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 8);

const POINTS: readonly Point[] = [
  { during: 'submit', at: 'row committed' },
  { during: 'submit', at: 'POST about to leave' },
  { during: 'submit', at: 'POST received' },
  { during: 'submit', at: 'before the commit of the answer' },
  { during: 'submit', at: 'answer committed' },
  { during: 'callback', at: 'before the commit of the end' },
  { during: 'callback', at: 'end committed' },
  { during: 'read', at: 'row leased' },
  { during: 'read', at: 'GET received' },
  { during: 'read', at: 'before the commit of the end' },
];

let compileCache = '';
const tallies: (Point & Tally)[] = [];

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
  for (const { during, at, ...tally } of tallies) {
    process.stdout.write(`${during}, ${at}: ${JSON.stringify(tally)}\n`);
  }
});

describe.concurrent('a gateway killed', () => {
  it.each(POINTS)(
    'during a $during, at "$at", loses and repeats nothing',
    async (point) => {
      const tally = await crash(point, ROUNDS, compileCache);

      tallies.push({ ...point, ...tally });
      expect(tally).toEqual({
        kills: ROUNDS,
        tasks: expect.any(Number),
        lost: 0,
        secondPosts: 0,
        wrong: 0,
        misheard: 0,
      });
      // So that the zeros mean something.
      expect(tally.tasks).toBeGreaterThan(0);
    },
    240_000,
  );
});

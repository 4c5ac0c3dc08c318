/** A sequence of ten shots whose gateway is killed before statements chosen at random. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  CreateSequenceDocument,
  ReadSequenceDocument,
  ResumeSequenceDocument,
} from '../generated/graphql.ts';
import { readCallbackUrl, toSuccess } from '../support/callback.ts';
import { type ChildGateway, startChildGateway } from '../support/child-gateway.ts';
import { chooseRounds } from '../support/rounds.ts';
import { answerJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { toFilm } from '../support/sequences.ts';

const SHOTS = Array.from({ length: 10 }, (_, n) => `Shot ${n + 1}`);
/** Statements between two kills, at most: some of a shot, or of two. */
const MAX_STATEMENTS = 40;
const ENV = {
  UNCONFIRMED_DEADLINE_MS: '500',
  RECONCILE_AFTER_MS: '100',
  UPSTREAM_TIMEOUT_MS: '2000',
};

it(
  'pays for each shot once, however often its gateway is killed',
  async () => {
    const kills = chooseRounds({ few: 4, all: 200 });
    const folder = await mkdtemp(join(tmpdir(), 'longtake-film-'));
    let gateway: ChildGateway | undefined;
    const prompts: string[] = [];
    // Every POST makes a task, which is reported until the gateway has it.
    await using upstream = await startScriptedUpstream((request, response) => {
      if (request.method === 'GET') {
        answerJson(response, { code: 422, msg: 'recordInfo is null', data: null });
        return;
      }
      const body = request.json() as { prompt: string };
      const taskId = `task-${prompts.push(body.prompt)}`;
      answerJson(response, { code: 200, msg: 'success', data: { taskId } });
      void report(new URL(readCallbackUrl(body).url).pathname, taskId);
    });
    async function report(path: string, taskId: string): Promise<void> {
      for (;;) {
        const answer = await fetch(`${gateway?.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(toSuccess(taskId)),
        }).catch(() => null);
        if (answer && answer.status !== 503) return;
        await delay(20);
      }
    }

    let left = kills;
    /** Tries after which a resume was asked for, whether or not its answer came. */
    const resumed = new Set<string | undefined>();
    let allowed = 0;
    let id = '';
    async function makeFilm(): Promise<boolean> {
      gateway = await startChildGateway({ folder, upstreamUrl: upstream.url, env: ENV });
      if (left > 0)
        await gateway.arm('any statement', 1 + Math.floor(Math.random() * MAX_STATEMENTS));
      const input = toFilm(SHOTS, { idempotencyKey: `film-${allowed}` });
      const { data } = await gateway.graphql(CreateSequenceDocument, { input });
      if (data.createSequence.__typename !== 'CreateSequenceSuccess') throw new Error('refused');
      id = data.createSequence.sequence.id;
      for (;;) {
        const film = (await gateway.graphql(ReadSequenceDocument, { id })).data.sequence;
        if (film?.state === 'COMPLETED') return true;
        // A POST that was about to leave at a kill is unknown for ever: only a resume tries again.
        if (film?.state === 'PAUSED') {
          const failed = film.problem?.video?.id;
          resumed.add(failed);
          const input = { id, idempotencyKey: `resume-${failed}` };
          await gateway.graphql(ResumeSequenceDocument, { input });
        }
        await delay(20);
      }
    }

    try {
      while (left > 0 || allowed === 0) {
        const isDone = await makeFilm().catch(() => false);
        if (isDone) allowed += SHOTS.length + 1;
        else left -= 1;
        await gateway?.kill();
      }
      while (!(await makeFilm().catch(() => false))) await gateway?.kill();
      allowed += SHOTS.length + 1;
      expect(prompts.length).toBeLessThanOrEqual(allowed + resumed.size);
      expect(prompts.length).toBeGreaterThanOrEqual(allowed);
    } finally {
      await gateway?.kill();
      await rm(folder, { recursive: true, force: true });
    }
  },
  20 * 60_000,
);

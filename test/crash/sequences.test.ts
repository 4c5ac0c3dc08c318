/**
 * Sequences of ten shots while their gateways are killed between any two of their writes. Each shot is
 * paid for once, and every sequence comes to its end.
 *
 * One try in some may be lost: its process died after the commit that says that it is being sent, and
 * before the request left. Nobody can tell it from one that was sent, so only a resume replaces it.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  CreateSequenceDocument,
  ReadSequenceDocument,
  ResumeSequenceDocument,
  type TypedDocumentString,
} from '../generated/graphql.ts';
import { sharedPostgres } from '../support/postgres.ts';
import { chooseRounds } from '../support/rounds.ts';
import { toFilm } from '../support/sequences.ts';
import { createStage, type KillPoint, STAGES, type Stage, type StageName } from './film-stage.ts';
import { tallyFilms } from './film-tally.ts';
import { type PaidUpstream, startPaidUpstream } from './upstream.ts';
import { within } from './within.ts';

const postgres = sharedPostgres();
const KILLS = Number(process.env.CRASH_ROUNDS ?? chooseRounds({ few: 3, all: 200 }));
const SHOTS = Array.from({ length: 10 }, (_, n) => `Shot ${n + 1}`);
/** The writes of about two shots. */
const MAX_WRITES = 37;
/** Only to end what hangs. */
const PATIENCE_MS = 300_000;
const RETRY_MS = 20;
/** Longer than a read at the upstream takes to find an end whose callback was lost. */
const LOST_MS = 300;

const aboveZero = expect.toSatisfy((count: number) => count > 0);
const STAGE_NAMES = Object.keys(STAGES) as StageName[];

describe.each(STAGE_NAMES)('sequences on %s amid kills', (name) => {
  it('pay for each shot once, and end', { timeout: 3_600_000 }, async () => {
    await using upstream = await startPaidUpstream();
    await using stage = await createStage(name, upstream, postgres);
    const ending = new AbortController();
    const reports = reportEnds(upstream, stage);

    const filming = (async () => {
      let films = 0;
      while (films === 0 || !ending.signal.aborted) {
        films += 1;
        await within(PATIENCE_MS, `the end of sequence ${films}`, makeFilm(stage, films));
      }
      return films;
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      const victim = kill % stage.count;
      const { point, nth } = toKill(kill);
      const dying = stage.kill(victim, point, nth);
      await within(PATIENCE_MS, `"${point}" in kill ${kill}`, Promise.race([dying, filming]));
      await stage.restart(victim);
    }
    ending.abort();
    const films = await filming;
    await within(PATIENCE_MS, 'the reports of all tasks', reports.end());
    await stage.stop();

    const { faults, ...tally } = await tallyFilms(stage.databaseUrl, upstream.tasks);
    expect(faults).toEqual([]);
    expect(tally.shots).toBe(films * (1 + SHOTS.length));
    expect(tally.posts).toBe(
      tally.shots + tally.retried + tally.resumed - tally.withdrawn - tally.lost,
    );
    expect(tally.lost).toBeLessThanOrEqual(KILLS);
    // So that the sum means something.
    expect(tally).toMatchObject({ retried: aboveZero, resumed: aboveZero, lost: aboveZero });
  });
});

/** Three in five between any two writes, and the others at the request itself. */
function toKill(kill: number): { point: KillPoint; nth: number } {
  if (kill % 5 === 1) return { point: 'POST about to leave', nth: 1 + (kill % 2) };
  if (kill % 5 === 2) return { point: 'POST received', nth: 1 + (kill % 3) };
  return { point: 'any write', nth: 1 + ((kill * 13) % MAX_WRITES) };
}

/** Makes a sequence as a patient client: what pauses it is resumed, once for each problem. */
async function makeFilm(stage: Stage, n: number): Promise<void> {
  const prompts = SHOTS.map((shot) => `Film ${n}: ${shot}`);
  const input = toFilm(prompts, { idempotencyKey: `film-${n}`, retries: n % 2 });
  const { createSequence: made } = await insist(stage, CreateSequenceDocument, { input });
  if (made.__typename !== 'CreateSequenceSuccess') throw new Error(JSON.stringify(made));
  const { id } = made.sequence;
  for (;;) {
    const { sequence } = await insist(stage, ReadSequenceDocument, { id });
    if (sequence?.state === 'COMPLETED') return;
    if (sequence?.state === 'PAUSED') {
      const input = { id, idempotencyKey: `resume-${sequence.problem?.video?.id}` };
      await insist(stage, ResumeSequenceDocument, { input });
    }
    await delay(RETRY_MS);
  }
}

/** Asks one gateway after another until one answers. */
async function insist<Data, Variables>(
  stage: Stage,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  for (;;) {
    const answer = await stage
      .next()
      .graphql(document, variables)
      .catch(() => null);
    if (answer?.data && !JSON.stringify(answer.data).includes('GATEWAY_UNAVAILABLE')) {
      return answer.data;
    }
    await delay(RETRY_MS);
  }
}

/** Reports each task as it is made, until a gateway acknowledges it. Reads find the end of every second one. */
function reportEnds(upstream: PaidUpstream, stage: Stage) {
  const { onRequest } = upstream;
  const reports: Promise<void>[] = [];
  upstream.onRequest = (method, path) => {
    if (method === 'POST') reports.push(report(upstream.tasks.length - 1));
    return onRequest(method, path);
  };

  async function report(index: number): Promise<void> {
    const task = upstream.tasks[index];
    if (!task) throw new Error(`There is no task ${index}.`);
    if (index % 2 === 1) {
      task.isReadable = true;
      await delay(LOST_MS);
    }
    while (!task.isAcknowledged) {
      const status = await upstream.callBack(task, stage.next().url);
      if (status !== 200 && status !== 503 && status !== null) {
        throw new Error(`The callback of "${task.prompt}" was answered with ${status}.`);
      }
      if (!task.isAcknowledged) await delay(RETRY_MS);
    }
  }

  return {
    async end(): Promise<void> {
      await Promise.all(reports);
    },
  };
}

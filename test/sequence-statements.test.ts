/** How many statements reading sequences costs, as the database is sent them. */

import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startChildGateway } from './support/child-gateway.ts';
import type { GraphQLAnswer } from './support/gateway.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startPostgresTap } from './support/postgres-tap.ts';
import { createCaller } from './support/replicas.ts';
import { create, fail, inState, pass, toFilm, waitFor } from './support/sequences.ts';

const postgres = sharedPostgres();
const SHOTS = Array.from({ length: 20 }, (_, n) => `Shot ${n + 1}`);

const VIDEO = `id taskId state kind duration aspectRatio prompt quality waterMark imageUrl expandPrompt
  sourceTaskId videoId videoUrl coverUrl schedule { position } failure { reason message } createdAt
  finishedAt estimatedFinishAt expiresAt expired checkedAt kept { state }`;
const SEQUENCE = `id state start { ${VIDEO} } problem { message code failure { reason } video { id } }
  shots { number prompt quality waterMark video { ${VIDEO} } tries { id state } }
  createdAt finishedAt estimatedFinishAt`;
const ONE = `query ($id: ID!) { sequence(id: $id) { ${SEQUENCE} } }`;
const LIST = '{ sequences { edges { cursor node { id state createdAt finishedAt } } } }';
const LIST_OF_FILMS = `{ sequences(first: 10) { edges { node { id state problem { message }
  shots { number prompt video { id state taskId } tries { id } } } } } }`;

/** A read of what sequences consist of. The dispatcher reads only videos that wait. */
const isRead = (sql: string) =>
  /^(select|with)\b.*"(sequence|shot|video|completion)"/s.test(sql) && !sql.includes('"waiting"');

async function startCounted(engine: string, upstreamUrl: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'longtake-statements-'));
  const heard: string[] = [];
  const before = (sql: string) => heard.push(sql) > 0;
  const tap =
    engine === 'SQLite'
      ? null
      : await startPostgresTap(await postgres.createDatabase(), () => ({
          before,
          after: () => true,
        }));
  const gateway = await startChildGateway({
    folder: folder.path,
    upstreamUrl,
    env: {
      AUTH: 'none',
      MAX_COST: '1000000',
      RECONCILE_AFTER_MS: '3600000',
      UPSTREAM_REQUESTS: '1000',
      UPSTREAM_WINDOW_MS: '1',
      ...(tap && { DATABASE_URL: tap.url }),
    },
  });
  const caller = createCaller(gateway.url);
  const take = async () => (tap ? heard.splice(0) : gateway.statements());
  return {
    ...caller,
    /** The answer, and the statements that it took. */
    async count(query: string, variables = {}) {
      await take();
      const answer: GraphQLAnswer<Record<string, unknown>> = await caller.send(query, variables);
      return { answer, statements: (await take()).filter(isRead) };
    },
    async [Symbol.asyncDispose]() {
      await gateway.kill();
      await tap?.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe.each(['SQLite', 'PostgreSQL'])('on %s', (engine) => {
  it('a sequence of 20 shots with all fields takes three statements, in any state', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startCounted(engine, upstream.url);
    const { id } = await create(gateway, toFilm(SHOTS));
    for (let n = 0; n <= 10; n++) await pass(upstream, `task-${n}`);
    const open = await upstream.nextSubmit();
    open.accept('task-11');
    await waitFor(gateway, id, ({ shots }) => shots[10]?.video?.state === 'WAITING');
    // What the estimates are made from is read once in 30 s.
    await gateway.count(ONE, { id });

    const running = await gateway.count(ONE, { id });
    await fail(open, 'task-11');
    await waitFor(gateway, id, inState('PAUSED'));
    const paused = await gateway.count(ONE, { id });

    expect(running.answer.errors).toBeUndefined();
    expect(running.answer.data.sequence).toMatchObject({ state: 'RUNNING' });
    expect(running.statements).toHaveLength(3);
    expect(paused.answer.data.sequence).toMatchObject({
      state: 'PAUSED',
      problem: { failure: { reason: 'PROMPT_MODERATED' } },
    });
    expect(paused.statements).toHaveLength(3);
  });

  it('a list of sequences takes one statement, and two more for all of their shots', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startCounted(engine, upstream.url);
    for (let n = 0; n < 3; n++) {
      await create(gateway, toFilm(SHOTS));
      (await upstream.nextSubmit()).accept(`task-${n}`);
    }

    const plain = await gateway.count(LIST);
    const whole = await gateway.count(LIST_OF_FILMS);

    expect(plain.answer.data).toMatchObject({ sequences: { edges: [{}, {}, {}] } });
    expect(plain.statements).toHaveLength(1);
    expect(whole.answer.errors).toBeUndefined();
    expect(whole.statements).toHaveLength(3);
  });
});

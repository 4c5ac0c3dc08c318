import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ExtendDocument } from './generated/graphql.ts';
import { startHeldUpstream } from './support/held-upstream.ts';
import { INPUT } from './support/operations.ts';
import { startGatewayProcess } from './support/process.ts';

const UPSTREAM_TIMEOUT_MS = 5_000;
/** Longer than that, and far from the end of the submit, which is 15 s later. */
const PAUSE_MS = 6_000;

describe('a process that is suspended past the deadline of its call', () => {
  it('accepts the answer that arrived meanwhile', async () => {
    await using upstream = await startHeldUpstream();
    await using gateway = await startGatewayProcess(upstream, {
      UPSTREAM_TIMEOUT_MS: String(UPSTREAM_TIMEOUT_MS),
    });
    const answer = gateway.graphql(ExtendDocument, { input: INPUT });
    const submit = await upstream.nextSubmit();

    gateway.signal('SIGSTOP');
    submit.accept('task-1');
    await delay(PAUSE_MS);
    gateway.signal('SIGCONT');

    const { data } = await answer;
    expect(data.extendVideo).toMatchObject({
      __typename: 'ExtendVideoSuccess',
      video: { id: submit.callback.id, taskId: 'task-1', state: 'WAITING' },
    });
  });
});

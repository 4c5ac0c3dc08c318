import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import {
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { type PostgresServer, startPostgres } from './support/postgres.ts';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres[Symbol.asyncDispose]());

describe('replicas on one PostgreSQL', () => {
  it('tell the listeners of all of them what a callback told one', async () => {
    const DATABASE_URL = await postgres.createDatabase();
    await using sandbox = await startSandbox({ autoplay: false });
    await using a = await startGateway(sandbox, { DATABASE_URL });
    await using b = await startGateway(sandbox, { DATABASE_URL });
    await using c = await startGateway(sandbox, { DATABASE_URL });
    const { taskId, cursor } = await extend(a);
    const onB = (await b.socket()).subscribe(OnExtendedDocument, { taskId });
    const onC = await c.sse(OnExtendedDocument, { after: cursor });

    await sandbox.complete(taskId);

    const [event] = await onB.rest();
    expect(event?.data.videoExtended.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
    expect((await onC.next())?.data.videoExtended.video.taskId).toBe(taskId);
    const { data } = await c.graphql(ReadVideoDocument, { taskId });
    expect(data.video?.state).toBe('SUCCEEDED');
    expect((await b.graphql(ReadCompletionsDocument, {})).data.completions.edges).toHaveLength(1);
  });
});

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { ReadCompletionsDocument, ReadVideoDocument } from '../generated/graphql.ts';
import { startGateway } from '../support/gateway.ts';
import { extend } from '../support/operations.ts';
import { bearerOf, ISSUER, JWT_ENV } from '../support/tokens.ts';
import { readBlocks } from './support/blocks.ts';

const blocks = readBlocks().filter(({ language }) => language === 'sql');
const erasures = blocks.filter(({ at }) => at.startsWith('docs/user-data.md'));
const restores = blocks.filter((block) => !erasures.includes(block));

/** Makes a restored log a new one. */
const RESTORED = "delete from meta where name = 'database_id';\n";

function execute(folder: string, sql: string): void {
  const file = new DatabaseSync(join(folder, 'gateway.db'));
  file.exec(sql);
  file.close();
}

describe('the SQL of the pages', () => {
  it.each(restores)(
    'at $at invalidates every earlier cursor and deletes nothing else',
    async ({ text }) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const { taskId, cursor } = await extend(gateway);
      await sandbox.complete(taskId);
      await gateway.stop();

      execute(gateway.folder, text);
      await gateway.restart();

      const resumed = await gateway.graphql(ReadCompletionsDocument, { after: cursor });
      const anew = await gateway.graphql(ReadCompletionsDocument, {});
      expect(text).toBe(RESTORED);
      expect(resumed.errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
      expect(anew.data.completions.edges).toHaveLength(1);
    },
  );

  it.each(erasures)('at $at deletes the videos of one user and of no other', async ({ text }) => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, {
      ...JWT_ENV,
      OWNER_SUBMITS_PER_DAY: '10',
    });
    const alice = gateway.as(bearerOf('alice'));
    const bob = gateway.as(bearerOf('bob'));
    const ofAlice = await extend(alice);
    const ofBob = await extend(bob);
    await sandbox.complete(ofAlice.taskId);
    await sandbox.complete(ofBob.taskId);
    await gateway.stop();

    expect(text).toContain("'jwt:-:alice'");
    execute(gateway.folder, text.replaceAll('jwt:-:', `jwt:${ISSUER}:`));
    await gateway.restart();

    const video = await alice.graphql(ReadVideoDocument, { taskId: ofAlice.id });
    const resumed = await alice.graphql(ReadCompletionsDocument, { after: ofAlice.cursor });
    const other = await bob.graphql(ReadCompletionsDocument, { after: ofBob.cursor });
    expect(video.data.video).toBeNull();
    expect(resumed.errors?.[0]?.extensions.code).toBe('CURSOR_EXPIRED');
    expect(other.data.completions.edges).toHaveLength(1);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { ReadCompletionsDocument } from '../generated/graphql.ts';
import { makeFolder } from '../support/folder.ts';
import { startGateway } from '../support/gateway.ts';
import { readKept, untilKept } from '../support/keeping.ts';
import { extend } from '../support/operations.ts';
import { readBlocks } from './support/blocks.ts';

const blocks = readBlocks().filter(({ language }) => language === 'sql');
const retries = blocks.filter(({ text }) => text.includes('file_copy'));
const rotations = blocks.filter(({ text }) => text.includes('file_url_key'));
const restores = blocks.filter((block) => ![...retries, ...rotations].includes(block));

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

  it.each(rotations)('at $at invalidates the URLs of copies', async ({ text }) => {
    await using folder = await makeFolder();
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox, { KEEP_URL: `file:${folder.path}` });
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);
    const { videoUrl: before } = await untilKept(gateway, id);
    await gateway.stop();

    execute(gateway.folder, text);
    await gateway.restart();

    const { videoUrl } = await readKept(gateway, id);
    expect((await fetch(before ?? '')).status).toBe(403);
    expect((await fetch(videoUrl ?? '')).status).toBe(200);
  });

  it.each(retries)('at $at copies files again that were given up', async ({ text }) => {
    const folder = await mkdtemp(join(tmpdir(), 'longtake-kept-'));
    await using sandbox = await startSandbox({ autoplay: false });
    const KEEP_URL = `file:${folder}`;
    // The file is elsewhere, so it is given up at once.
    await using gateway = await startGateway(sandbox, { KEEP_URL, KEEP_ALLOWED_HOSTS: 'nowhere' });
    const { id, taskId } = await extend(gateway);
    await sandbox.complete(taskId);
    await untilKept(gateway, id, 'FAILED');
    await gateway.stop();

    execute(gateway.folder, text);
    await gateway.restart({ KEEP_ALLOWED_HOSTS: '' });

    expect((await untilKept(gateway, id)).kept?.state).toBe('KEPT');
    await gateway.stop();
    await rm(folder, { recursive: true });
  });
});

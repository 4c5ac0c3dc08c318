import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { ReadCompletionsDocument } from '../generated/graphql.ts';
import { startGateway } from '../support/gateway.ts';
import { extend } from '../support/operations.ts';
import { readBlocks } from './support/blocks.ts';

const blocks = readBlocks().filter(({ language }) => language === 'sql');

/** All that the pages have operators write: it makes a restored log a new one. */
const RESTORED = "delete from meta where name = 'database_id';\n";

describe('the SQL of the pages', () => {
  it.each(blocks)(
    'at $at has each cursor from before refused, and nothing else lost',
    async ({ text }) => {
      await using sandbox = await startSandbox({ autoplay: false });
      await using gateway = await startGateway(sandbox);
      const { taskId, cursor } = await extend(gateway);
      await sandbox.complete(taskId);
      await gateway.stop();

      const file = new DatabaseSync(join(gateway.folder, 'gateway.db'));
      file.exec(text);
      file.close();
      await gateway.restart();

      const resumed = await gateway.graphql(ReadCompletionsDocument, { after: cursor });
      const anew = await gateway.graphql(ReadCompletionsDocument, {});
      expect(text).toBe(RESTORED);
      expect(resumed.errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
      expect(anew.data.completions.edges).toHaveLength(1);
    },
  );
});

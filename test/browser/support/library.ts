/** A library that took its owner months, made in one go. */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { toVideoId } from '../../../src/video-id.ts';

type Row = Record<string, SQLInputValue>;

/**
 * Copies the only video of a stopped gateway.
 *
 * @param change what differs in the copy with this number; the higher the number, the older it is.
 */
export function multiplyVideo(
  gateway: { readonly folder: string },
  copies: number,
  change: (number: number) => Row = () => ({}),
): void {
  const file = new DatabaseSync(join(gateway.folder, 'gateway.db'));
  try {
    const row = file.prepare('select * from video').get() as Row;
    const names = Object.keys(row);
    const insert = file.prepare(
      `insert into video (${names.join(', ')}) values (${names.map((name) => `:${name}`).join(', ')})`,
    );
    file.exec('begin');
    for (let number = 1; number <= copies; number += 1) {
      const createdAt = Number(row.created_at) - number * 60_000;
      insert.run({
        ...row,
        id: toVideoId(createdAt, 0),
        task_id: randomUUID(),
        idempotency_key: null,
        created_at: createdAt,
        prompt: `Video ${number}`,
        ...change(number),
      });
    }
    file.exec('commit');
  } finally {
    file.close();
  }
}

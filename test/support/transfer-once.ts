/** A program that transfers a file in the thread: `transfer-once.ts URL FOLDER`. Prints what a test checks. */

import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { pino } from 'pino';
import { createTransferThread } from '../../src/files/transfer-thread.ts';
import type { TransferSettings } from '../../src/files/transfers.ts';

const [url = '', path = ''] = process.argv.slice(2);
const settings: TransferSettings = {
  KEEP_URL: { kind: 'file', path },
  KEEP_MAX_BYTES: 10_000_000,
  KEEP_ALLOWED_HOSTS: [],
  UPSTREAM_URL: url,
  NO_PROXY: [],
};
const thread = createTransferThread(settings, {}, pino({ level: 'silent' }));
const transfer = await thread.start(url, 'film', new AbortController().signal);
const { bytes } = await transfer.store('1/film-1.webm');
const priorities = readdirSync('/proc/self/task').map((id) => getPriority(Number(id)));
process.stdout.write(JSON.stringify({ bytes, priorities: [...new Set(priorities)].sort() }));
await thread.close();

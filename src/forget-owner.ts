/**
 * `longtake forget-owner jwt:-:alice`: deletes everything that the gateway has stored about one owner,
 * and reports it. With SQLite the gateway must be stopped; with PostgreSQL it may keep running.
 */

import { pino } from 'pino';
import { readConfig } from './config.ts';
import { openOwnDestination } from './files/destination-mark.ts';
import { removeCopies } from './files/remover.ts';
import { openDatabase } from './store/database.ts';
import { countRemovals } from './store/removals.ts';
import { forgetSequences } from './store/sequence-removals.ts';
import { forgetOwner, forgetVideos } from './store/transitions/delete.ts';
import { withdrawSome } from './store/transitions/withdraw.ts';

const USAGE = 'Usage: npx longtake forget-owner OWNER (as in jwt:-:alice or key:mobile)';
const BATCH = 200;

try {
  const [owner, ...others] = process.argv.slice(2);
  if (!owner || others.length > 0) throw new Error(USAGE);
  await forget(owner);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function forget(owner: string): Promise<void> {
  const config = readConfig(process.env);
  const { db, close } = await openDatabase(config.DATABASE_URL);
  try {
    // First, so that no more shots follow.
    await forgetSequences(db, owner);
    let withdrawn = 0;
    for (let found = BATCH; found > 0; ) {
      const some = await withdrawSome(db, owner, BATCH);
      found = some.found;
      withdrawn += some.withdrawn;
    }
    if (withdrawn > 0) say(`${withdrawn} scheduled requests withdrawn`);
    let videos = 0;
    for (;;) {
      const forgotten = await forgetVideos(db, owner, BATCH);
      if (forgotten.length === 0) break;
      videos += forgotten.length;
    }
    const { tasks } = await forgetOwner(db, owner);
    const isKnown = videos > 0 || tasks > 0;
    say(
      isKnown
        ? `${owner}: ${videos} videos and refused submits deleted`
        : `Nothing is stored about ${owner}.`,
    );

    let files = 0;
    if (config.KEEP_URL) {
      const destination = await openOwnDestination(db, config.KEEP_URL, config);
      const parts = { db, destination, log: pino({ level: 'error' }) };
      for (;;) {
        const { due, removed } = await removeCopies(parts);
        if (due === 0) break;
        files += removed;
      }
      destination.close();
    }
    const left = await countRemovals(db);
    say(`${files} copies of files removed`);

    if (left > 0) {
      const help = config.KEEP_URL ? 'Run this again, or start the gateway.' : 'Set KEEP_URL.';
      say(`${left} copies are still to be removed. ${help}`);
      process.exitCode = 1;
    }
    if (tasks > 0) {
      say(`${tasks} tasks have not ended. Run this again once they have.`);
      process.exitCode = 1;
    }
  } finally {
    await close();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

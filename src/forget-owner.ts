/**
 * `longtake forget-owner jwt:-:alice`: deletes everything that the gateway has stored about one owner,
 * and reports it. With SQLite the gateway must be stopped; with PostgreSQL it may keep running.
 */

import { pino } from 'pino';
import { readArguments, refuseArguments } from './arguments.ts';
import { isOwnerName, listTokenOwners } from './auth/owner-name.ts';
import { toDatabaseName } from './config/database-name.ts';
import { readConfig } from './config.ts';
import { openOwnDestination } from './files/destination-mark.ts';
import { removeCopies } from './files/remover.ts';
import { openDatabase, toPoolOptions } from './store/database.ts';
import { isKnownOwner } from './store/known-owners.ts';
import { countRemovals } from './store/removals.ts';
import type { Database } from './store/schema.ts';
import { forgetSequences } from './store/sequence-removals.ts';
import { forgetOwner, forgetVideos } from './store/transitions/delete.ts';
import { withdrawSome } from './store/transitions/withdraw.ts';

const USAGE = `Usage: longtake forget-owner OWNER

Deletes everything that is stored about an owner: jwt:ISSUER:SUBJECT with - for no issuer, as in
jwt:-:alice; key:NAME, as in key:mobile; or open.
`;
const BATCH = 200;

try {
  const { positionals } = readArguments({ usage: USAGE, options: {}, allowPositionals: true });
  const [name = '', ...others] = positionals;
  if (others.length > 0) refuseArguments(USAGE, 'Name one owner.');
  if (!isOwnerName(name))
    refuseArguments(USAGE, `No owner can have the name ${JSON.stringify(name)}.`);
  await forget(name);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function forget(name: string): Promise<void> {
  const config = readConfig(process.env);
  const { DATABASE_URL } = config;
  const { db, close } = await openDatabase(DATABASE_URL, toPoolOptions(config), {
    mustExist: true,
  });
  try {
    const owner = await findOwner(db, name);
    const isKnown = await isKnownOwner(db, owner);
    // First, so that no more shots follow.
    await forgetSequences(db, owner);
    let withdrawn = 0;
    for (;;) {
      const some = await withdrawSome(db, owner, BATCH);
      if (some.found === 0) break;
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
    say(
      isKnown
        ? `${owner}: ${videos} videos and refused submits deleted`
        : `Nothing is stored about ${owner} in ${toDatabaseName(DATABASE_URL)}. Check both names if this is unexpected.`,
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

/**
 * The name under which the owner is stored; the given one when nothing is stored.
 *
 * @throws Error when several owners may be meant.
 */
async function findOwner(db: Database, name: string): Promise<string> {
  if (await isKnownOwner(db, name)) return name;
  const known: string[] = [];
  for (const owner of listTokenOwners(name)) {
    if (await isKnownOwner(db, owner)) known.push(owner);
  }
  const [owner = name, ...others] = known;
  if (others.length > 0) {
    throw new Error(`Nothing was deleted. Use one of the stored names:\n${known.join('\n')}`);
  }
  if (owner !== name) say(`The stored name is ${owner}`);
  return owner;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

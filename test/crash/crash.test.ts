/**
 * Promises 1 to 6 when processes are killed. In each round three tasks are in flight when the gateway
 * dies at a named point; it is started again on the same file, and the round continues until everything
 * that the upstream knows is known. tally.ts says what is counted.
 */

import { chooseRounds } from '../support/rounds.ts';
import { describeCrashes } from './points.ts';
import { createSqliteSite } from './sqlite-site.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? chooseRounds({ few: 1, all: 20 }));

describeCrashes('a gateway on SQLite that is killed', ROUNDS, createSqliteSite);

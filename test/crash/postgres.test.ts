/**
 * The same for two replicas that share a PostgreSQL server. In turns a replica is killed, its
 * connections are cut, or the server is killed and started again.
 */

import { chooseRounds } from '../support/rounds.ts';
import { describeCrashes } from './points.ts';
import { createPostgresSite } from './postgres-site.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? chooseRounds({ few: 1, all: 20 }));

describeCrashes('replicas on PostgreSQL amid crashes', ROUNDS, createPostgresSite);

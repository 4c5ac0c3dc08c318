/**
 * The minimum cost of a submit on PostgreSQL: constant answers, with a commit through `pg` wherever the
 * gateway has one, before and after the POST, and nothing else.
 */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';
import { sendExtend } from './upstream-calls.ts';

const BODY = { taskId: 'done-1', prompt: 'The cat goes on dancing' };

// As many connections as the gateway has.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
await pool.query('create table task (id text primary key, body text not null, task_id text)');

const server = createServer((request, response) => {
  request.resume().on('end', async () => {
    const id = randomUUID();
    await pool.query('insert into task (id, body) values ($1, $2)', [id, JSON.stringify(BODY)]);
    const taskId = await sendExtend(BODY);
    await pool.query('update task set task_id = $2 where id = $1', [id, taskId]);
    response.setHeader('content-type', 'application/json');
    response.end(`{"data":{"extendVideo":{"video":{"taskId":"${taskId}"}}}}`);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');

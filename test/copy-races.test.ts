/** Copies that are recorded, or deleted, at an inconvenient moment. */

import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../src/store/database.ts';
import { countRemovals } from '../src/store/removals.ts';
import { DeleteVideoDocument } from './generated/graphql.ts';
import { startCommitCuttingProxy } from './support/commit-cutting-proxy.ts';
import { makeFolder } from './support/folder.ts';
import { startGateway } from './support/gateway.ts';
import { download, listFiles, readKept, untilKept } from './support/keeping.ts';
import { sharedPostgres } from './support/postgres.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';
import { storeVideos } from './support/stored-videos.ts';

const FILM = Buffer.alloc(100_000, 'film');
const HEADERS = { 'content-type': 'video/webm', 'content-length': FILM.length };
const postgres = sharedPostgres();

describe('a copy', () => {
  it('that was recorded stays, although the answer of the commit was lost', async () => {
    await using folder = await makeFolder();
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, HEADERS).end(FILM);
    });
    const database = await postgres.createDatabase();
    const [id = ''] = await storeVideos(database, [`${server.url}/film.webm`]);
    await using proxy = await startCommitCuttingProxy(database);
    const cut = proxy.cutCommitOf('"kept_film"');
    await using gateway = await startGateway(server, {
      DATABASE_URL: proxy.url,
      KEEP_URL: `file:${folder.path}`,
    });

    await cut;
    const { videoUrl } = await untilKept(gateway, id);

    expect((await download(videoUrl)).equals(FILM)).toBe(true);
    expect(server.requests.length).toBe(1);
  });

  it('ends when its video is deleted on another replica, and leaves nothing', async () => {
    await using folder = await makeFolder();
    const begun = Promise.withResolvers<ServerResponse>();
    await using server = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, HEADERS);
      response.write(FILM.subarray(0, 50_000), () => begun.resolve(response));
    });
    const DATABASE_URL = await postgres.createDatabase();
    const [id = ''] = await storeVideos(DATABASE_URL, [`${server.url}/film.webm`]);
    const env = { DATABASE_URL, KEEP_URL: `file:${folder.path}` };
    await using copying = await startGateway(server, env);
    const response = await begun.promise;
    const ended = new Promise((resolve) => response.on('close', resolve));
    await using other = await startGateway(server, env);
    expect((await readKept(copying, id)).kept?.state).toBe('PENDING');

    const { data } = await other.graphql(DeleteVideoDocument, { id });

    expect(data.deleteVideo.__typename).toBe('DeleteVideoSuccess');
    await ended;
    const { db, close } = await openDatabase(DATABASE_URL);
    await expect.poll(() => countRemovals(db)).toBe(0);
    expect(await listFiles(folder.path)).toEqual([]);
    expect(server.requests.length).toBe(1);
    await close();
  });
});

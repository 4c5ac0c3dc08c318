import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveWeb } from '../examples/web/serve.ts';
import { makeFolder } from './support/folder.ts';

describe('the server of the example app', () => {
  it('serves its folder and nothing else', async () => {
    await using folder = await makeFolder();
    const dist = join(folder.path, 'dist');
    await mkdir(dist);
    await mkdir(`${dist}-of-another`);
    await writeFile(join(dist, 'app.js'), 'the app');
    await writeFile(`${dist}.env`, 'a secret');
    await writeFile(join(`${dist}-of-another`, 'app.js'), 'a secret');
    const web = await serveWeb('127.0.0.1', 0, dist);
    web.connect({ gateway: 'http://gateway.test/graphql', files: 'http://files.test' });
    /** `fetch` would normalise the path. */
    async function get(path: string): Promise<number | undefined> {
      const asked = request(new URL(web.url), { path });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    }

    expect(await get('/app.js')).toBe(200);
    for (const path of [
      '/..%2fdist.env',
      '/..%2Fdist-of-another/app.js',
      '/..%2f..%2f..%2f..%2f..%2fetc/passwd',
      '/%2e%2e%2fdist.env',
      '/../dist.env',
      '/..%2fdist',
      '/app.js%00',
      '/%',
    ]) {
      expect([path, await get(path)]).toEqual([path, 404]);
    }
    await web.close();
  });
});

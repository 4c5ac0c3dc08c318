import { describe, expect, it } from 'vitest';
import { type Address, createAllowedHosts, isPublic } from '../src/files/allowed-hosts.ts';
import { createDownloader } from '../src/files/download.ts';
import { SourceError } from '../src/files/source-error.ts';
import { startScriptedUpstream } from './support/scripted-upstream.ts';

const LIMITS = { maxBytes: 1_000_000, signal: new AbortController().signal };

/** Addresses that only this machine, its network or its cloud can reach. */
const PRIVATE = [
  '127.0.0.1',
  '127.1.2.3',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.100.100.200',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a9fe:a9fe',
  '2002:7f00:1::',
  '2001::1',
  'fe80::1',
  'fe80::1%lo',
  'fc00::1',
  'fd00:ec2::254',
  'fec0::1',
  'ff02::1',
];

/** The same in the notations that URLs allow. */
const NOTATIONS = [
  'http://localhost:PORT/',
  'http://LOCALHOST:PORT/',
  'http://localhost.:PORT/',
  'http://127.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0x7f.1:PORT/',
  'http://017700000001:PORT/',
  'http://0177.0.0.1:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://0:PORT/',
  'http://[::1]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[64:ff9b::127.0.0.1]:PORT/',
  'http://public.example@127.0.0.1:PORT/',
  'http://127.0.0.1:PORT\\@public.example/',
  'http://127.0.0.1:PORT#@public.example/',
];

const OTHERS = [
  'file:///etc/passwd',
  'ftp://127.0.0.1:PORT/',
  'gopher://127.0.0.1:PORT/_',
  'data:video/mp4;base64,AAAA',
  'javascript:alert(1)',
  '//127.0.0.1:PORT/',
  '/etc/passwd',
  '',
];

/** The resolver of an attacker: each name has these addresses, a second time others. */
function createResolver(answers: Readonly<Record<string, readonly string[][]>>) {
  const counts = new Map<string, number>();
  return async (name: string): Promise<Address[]> => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const known = answers[name] ?? [];
    const addresses = known[Math.min(count, known.length - 1)] ?? [];
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
}

describe('an upstream on the internet', () => {
  it('cannot name a private address, in any notation', async () => {
    await using victim = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' }).end('a secret');
    });
    const { port } = new URL(victim.url);
    const names = Object.fromEntries(
      PRIVATE.map((address, n) => [`name-${n}.example`, [[address]]]),
    );
    const hosts = createAllowedHosts({
      upstreamUrl: 'https://api.example.com',
      allowed: [],
      resolveName: createResolver({
        ...names,
        localhost: [['127.0.0.1']],
        'both.example': [['93.184.215.14', '127.0.0.1']],
        'api.example.com': [['93.184.215.14']],
      }),
    });
    const downloader = createDownloader({ hosts, findProxy: () => null });
    const probes = [
      ...Object.keys(names).map((name) => `http://${name}:PORT/`),
      'http://both.example:PORT/',
      ...NOTATIONS,
      ...OTHERS,
    ];
    expect(probes.length).toBeGreaterThanOrEqual(60);

    for (const probe of probes) {
      const download = downloader.start(probe.replaceAll('PORT', port), 'film', LIMITS);
      await expect(download, probe).rejects.toThrow(SourceError);
    }
    downloader.close();

    expect(victim.requests).toEqual([]);
  });

  it('cannot redirect to a private address', async () => {
    await using victim = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' }).end('a secret');
    });
    const { port } = new URL(victim.url);
    let location = '';
    await using upstream = await startScriptedUpstream((_request, response) => {
      response.writeHead(302, { location }).end();
    });
    // The upstream is this server itself, so it may be asked, and the victim may not.
    const hosts = createAllowedHosts({ upstreamUrl: upstream.url, allowed: [] });
    const downloader = createDownloader({ hosts, findProxy: () => null });

    // Headers are ASCII.
    const targets = [victim.url, ...NOTATIONS, 'file:///etc/passwd'].map((url) => encodeURI(url));
    for (const target of targets) {
      location = target.replaceAll('PORT', port);
      await expect(
        downloader.start(`${upstream.url}/film.mp4`, 'film', LIMITS),
        target,
      ).rejects.toThrow(SourceError);
    }
    location = '/film.mp4';
    await expect(downloader.start(`${upstream.url}/film.mp4`, 'film', LIMITS)).rejects.toThrow(
      'more than 3 redirects',
    );
    downloader.close();

    expect(victim.requests).toEqual([]);
  });

  it('cannot change the address of a name between the check and the connection', async () => {
    await using victim = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' }).end('a secret');
    });
    const { port } = new URL(victim.url);
    const hosts = createAllowedHosts({
      upstreamUrl: 'https://api.example.com',
      allowed: [],
      // TEST-NET-3 would be refused; this one is public, and nothing answers there.
      resolveName: createResolver({ 'rebinding.example': [['192.88.98.1'], ['127.0.0.1']] }),
    });
    const connected = await hosts.resolve('rebinding.example', port);

    expect(connected).toEqual([{ address: '192.88.98.1', family: 4 }]);
    await expect(hosts.resolve('rebinding.example', port)).rejects.toThrow('private address');
    expect(victim.requests).toEqual([]);
  });
});

describe('a private upstream', () => {
  it('may serve files itself, and from hosts that the operator names', async () => {
    await using files = await startScriptedUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': '4' }).end('file');
    });
    const start = (upstreamUrl: string, allowed: string[]) => {
      const hosts = createAllowedHosts({ upstreamUrl, allowed });
      const downloader = createDownloader({ hosts, findProxy: () => null });
      return downloader
        .start(files.url, 'cover', LIMITS)
        .then(({ cancel }) => cancel())
        .finally(() => downloader.close());
    };

    await start(files.url, []);
    await start('http://127.0.0.1:9', ['127.0.0.1']);

    await expect(start('http://127.0.0.1:9', [])).rejects.toThrow('private address');
    await expect(start('http://93.184.215.14', ['127.0.0.1'])).rejects.toThrow('private address');
    await expect(start(files.url, ['files.example.com'])).rejects.toThrow('KEEP_ALLOWED_HOSTS');
  });
});

it('knows public addresses', () => {
  expect(PRIVATE.filter(isPublic)).toEqual([]);
  expect(['8.8.8.8', '93.184.215.14', '2606:4700::1111'].filter((one) => !isPublic(one))).toEqual(
    [],
  );
});

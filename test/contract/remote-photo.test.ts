import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchPhoto, isPublic } from '../../src/web/remote-photo.ts';

const photo = Buffer.from('a photo');
const maxBytes = 10_000;
let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer((request, response) => {
    const redirects: Readonly<Record<string, string>> = {
      '/moved': '/photo',
      '/circle': '/circle',
      '/away': `http://127.0.0.1:${String(port)}/photo`,
      '/file': 'file:///etc/passwd',
    };
    const location = redirects[request.url ?? ''];
    if (location !== undefined) response.writeHead(302, { location }).end();
    else if (request.url === '/photo') response.end(photo);
    else if (request.url === '/empty') response.end();
    else if (request.url === '/announced')
      response.writeHead(200, { 'content-length': '1000000000' }).write('x');
    else if (request.url === '/endless') {
      const more = () => {
        if (!response.destroyed) response.write(Buffer.alloc(1_000), () => setImmediate(more));
      };
      more();
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const fetchFrom = (path: string, hosts = ['localhost']) =>
  fetchPhoto(new URL(`http://localhost:${String(port)}${path}`), { hosts, maxBytes, mayConnect: () => true });

describe('a photo is fetched', () => {
  test('from a host that is named, also by a redirect', async () => {
    expect(await fetchFrom('/photo')).toEqual(photo);
    expect(await fetchFrom('/moved')).toEqual(photo);
  });

  test.each([
    ['a host that is not named', '/photo', [], 'FETCH_REFUSED'],
    ['a redirect to one', '/away', ['localhost'], 'FETCH_REFUSED'],
    ['a redirect to a file', '/file', ['localhost', ''], 'FETCH_REFUSED'],
    ['redirects without end', '/circle', ['localhost'], 'FETCH_FAILED'],
    ['nothing there', '/nothing', ['localhost'], 'FETCH_FAILED'],
    ['nothing in it', '/empty', ['localhost'], 'PHOTO_EMPTY'],
    ['too much, as it says', '/announced', ['localhost'], 'PHOTO_TOO_LARGE'],
    ['too much', '/endless', ['localhost'], 'PHOTO_TOO_LARGE'],
  ])('but not: %s', async (_, path, hosts, code) => {
    await expect(fetchFrom(path, hosts)).rejects.toMatchObject({ code });
  });

  test.each([
    'http://127.0.0.1/',
    'http://0x7f.1/',
    'http://2130706433/',
    'http://localhost/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
    'http://user:password@example.org/',
    'ftp://example.org/',
  ])('but not from inside, whatever hosts are named: %s', async (text) => {
    const url = new URL(text);
    const hosts = [url.hostname.replace(/^\[|\]$/g, '')];
    await expect(fetchPhoto(url, { hosts, maxBytes })).rejects.toMatchObject({ code: 'FETCH_REFUSED' });
  });
});

test.each([
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['172.16.0.1', false],
  ['192.168.0.1', false],
  ['169.254.169.254', false],
  ['224.0.0.1', false],
  ['::', false],
  ['::1', false],
  ['::ffff:127.0.0.1', false],
  ['64:ff9b::a00:1', false],
  ['2002:7f00:1::', false],
  ['fc00::1', false],
  ['fe80::1%eth0', false],
])('%s is public: %s', (address, expected) => {
  expect(isPublic(address)).toBe(expected);
});

import { randomFillSync } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { maxUploadBytes } from '../../src/web/photo-upload.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { HttpClient, photoForm } from '../support/http-client.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let operator: ClusterClient;
let http: HttpClient;
let token: string;

beforeAll(async () => {
  cluster = await startClusterNode({ maxPhotoBytes: 1_000_000 });
  operator = await cluster.connect();
  ({ token } = await operator.ask('tokenAdd', {}, { name: 'ops', role: 'operator' }));
  http = new HttpClient(cluster.node.httpUrl, token);
});

afterAll(async () => {
  await cluster.dispose();
});

/** Sends the beginning of a form with a file, then blocks of it until the server has had enough; answers its status. */
function flood(headers: Readonly<Record<string, string>>): Promise<{ status: number; sent: number }> {
  const block = randomFillSync(Buffer.alloc(1024 * 1024));
  const type = 'multipart/form-data; boundary=x';
  return new Promise((resolve, reject) => {
    let sent = 0;
    let status: number | undefined;
    const upload = request(`${cluster.node.httpUrl}/api/v1/photos`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': type, ...headers },
    });
    upload.on('response', (response) => {
      status = response.statusCode;
      response.resume();
      upload.destroy();
      resolve({ status: status ?? 0, sent });
    });
    upload.on('error', (error) => {
      if (status === undefined) reject(error);
    });
    const more = (): void => {
      if (status !== undefined || upload.destroyed) return;
      sent += block.length;
      if (upload.write(block)) setImmediate(more);
      else upload.once('drain', more);
    };
    upload.write('--x\r\ncontent-disposition: form-data; name="file"; filename="huge.jpg"\r\n\r\n', more);
  });
}

test('with wait their tags are the answer; a bad one costs itself alone', async () => {
  const form = photoForm([
    { file: 'one.jpg', id: 'фото/1 ?#%', bytes: await numbered(1) },
    { file: 'empty.jpg', bytes: new Uint8Array(0) },
    { file: 'text.jpg', id: 'text', bytes: Buffer.from('no photo at all') },
    { file: 'large.jpg', bytes: new Uint8Array(1_000_001) },
    { file: 'id.jpg', id: 'a\u0007b', bytes: await numbered(4) },
    { file: 'long.jpg', id: 'x'.repeat(300), bytes: await numbered(4) },
    { file: 'two.jpg', bytes: await numbered(2) },
  ]);
  const { status, body } = await http.send('/photos?wait=true', { form });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    photos: [
      { id: 'фото/1 ?#%', file: 'one.jpg', tags: expect.any(Array) as unknown },
      { file: 'empty.jpg', error: { code: 'PHOTO_EMPTY', retry: false } },
      { id: 'text', file: 'text.jpg', error: { code: 'PHOTO_FORMAT' } },
      { file: 'large.jpg', error: { code: 'PHOTO_TOO_LARGE' } },
      { file: 'id.jpg', error: { code: 'PHOTO_ID' } },
      { file: 'long.jpg', error: { code: 'PHOTO_ID' } },
      { file: 'two.jpg', model: expect.any(String) as unknown },
    ],
  });
});

test('have ids of any Unicode', async () => {
  const id = '猫/../?#% &=+';
  const path = `/photos/${encodeURIComponent(id)}`;
  const form = photoForm([{ file: 'cat.jpg', id, bytes: await numbered(5) }]);
  expect((await http.send('/photos?wait', { form })).status).toBe(200);
  expect((await http.send(path)).body).toMatchObject({ id, file: 'cat.jpg', deadLetters: [] });
  expect((await http.send(path, { method: 'DELETE' })).body).toMatchObject({ stored: 1, features: 1 });
  expect((await http.send(path)).status).toBe(404);
  // The stream remembers for two minutes what it was sent.
  expect((await http.send('/photos', { form })).body).toMatchObject({ photos: [{ id, duplicate: true }] });
  expect((await http.send('/photos?wait&again', { form })).status).toBe(200);
  expect((await http.send(path)).status).toBe(200);
});

test('are accepted at once without wait', async () => {
  const form = photoForm([{ file: 'three.jpg', id: 'three', bytes: await numbered(3) }]);
  const { status, body } = await http.send('/photos', { form });
  expect([status, body]).toEqual([
    202,
    { photos: [{ id: 'three', file: 'three.jpg', state: 'stored', duplicate: false }] },
  ]);
  await until(async () => (await http.send('/photos/three')).status === 200);
});

test.each([
  ['none', [], 400, 'REQUEST_INVALID'],
  ['an empty one', [{ file: 'a.jpg', bytes: new Uint8Array(0) }], 400, 'PHOTO_EMPTY'],
  ['a large one', [{ file: 'a.jpg', bytes: new Uint8Array(1_000_001) }], 413, 'PHOTO_TOO_LARGE'],
])('of which none is stored are an error: %s', async (_, photos, status, code) => {
  const answer = await http.send('/photos', { form: photoForm(photos) });
  expect([answer.status, answer.body]).toMatchObject([status, { error: { code } }]);
});

test('have owners, who find them; tags are counted among what is found, and completed', async () => {
  const form = photoForm([
    { file: 'nine.jpg', id: 'nine', owner: 'Åsa & co', bytes: await numbered(9) },
    { file: 'ten.jpg', id: 'ten', bytes: await numbered(10) },
    { file: 'bad.jpg', id: 'eleven', owner: 'a\u0007b', bytes: await numbered(11) },
    { file: 'long.jpg', id: 'twelve', owner: 'x'.repeat(300), bytes: await numbered(12) },
  ]);
  expect((await http.send('/photos?wait=true', { form })).body).toMatchObject({
    photos: [
      { id: 'nine' },
      { id: 'ten' },
      { error: { code: 'PHOTO_OWNER' } },
      { error: { code: 'PHOTO_OWNER' } },
    ],
  });
  await http.send('/photos/nine/corrections/ours', { method: 'PUT', json: { verdict: 'accept' } });
  expect((await http.send('/photos/nine')).body).toMatchObject({
    owner: 'Åsa & co',
    model: expect.any(String) as unknown,
    taggedAt: expect.any(Number) as unknown,
  });
  const q = encodeURIComponent('owner:"Åsa & co"');
  const { body } = await http.send(`/search?q=${q}&facets=100`);
  expect(body).toMatchObject({
    hits: expect.arrayContaining([
      expect.objectContaining({ id: 'nine', owner: 'Åsa & co', taggedAt: expect.any(Number) as unknown }),
      expect.objectContaining({ id: 'ten', owner: 'Åsa & co' }),
    ]) as unknown,
    total: { photos: 2, more: false },
    facets: expect.arrayContaining([{ tag: 'ours', photos: 1 }]) as unknown,
  });
  expect((await http.send(`/search?q=${q}`)).body).not.toHaveProperty('facets');
  expect((await http.send('/tags?prefix=OUR&limit=1')).body).toEqual({ tags: [{ tag: 'ours', photos: 1 }] });
  expect((await http.send('/tags?limit=51')).status).toBe(400);
  expect((await http.send(`/search?q=${q}&facets=101`)).status).toBe(400);
});

test('are not asked for by what no store has: a NUL', async () => {
  for (const path of ['/photos/%00', '/photos/%00/related', '/search?q=a%00', '/tags?prefix=%00'])
    expect([path, await http.send(path)]).toMatchObject([
      path,
      { status: 400, body: { error: { code: 'REQUEST_INVALID' } } },
    ]);
});

test('that are no form are an error', async () => {
  const wrong = await http.send('/photos', { json: {} });
  expect([wrong.status, wrong.body]).toMatchObject([406, { error: { code: 'REQUEST_INVALID' } }]);
  const cut = await http.send('/photos', {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data' },
  });
  expect(cut.status).toBe(400);
});

test('are corrected, and have others that look like them', async () => {
  const form = photoForm([
    { file: 'seven.jpg', id: 'seven', bytes: await numbered(7) },
    { file: 'eight.jpg', id: 'eight', bytes: await numbered(8) },
  ]);
  await http.send('/photos?wait=true', { form });
  const path = `/photos/seven/corrections/${encodeURIComponent('my cat/1')}`;
  const accepted = await http.send(path, { method: 'PUT', json: { verdict: 'accept' } });
  expect(accepted.body).toMatchObject({ corrections: [{ tag: 'my cat/1', verdict: 'accept', by: 'ops' }] });
  expect((await http.send('/photos/seven')).body).toMatchObject({ corrections: [{ tag: 'my cat/1' }] });
  expect((await http.send(path, { method: 'DELETE' })).body).toMatchObject({ corrections: [] });
  expect((await http.send(path, { method: 'PUT', json: { verdict: 'maybe' } })).status).toBe(400);
  expect(await http.send('/photos/seven/related?limit=5')).toMatchObject({
    status: 200,
    body: { hits: expect.any(Array) as unknown },
  });
  expect((await http.send('/photos/nobody/related')).status).toBe(404);
});

test('that say how large they are get refused before they are read, others as soon as they are', async () => {
  const announced = await flood({ 'content-length': String(10 * 1024 ** 3) });
  expect(announced.status).toBe(413);
  expect(announced.sent).toBeLessThan(maxUploadBytes / 2);
  const endless = await flood({});
  expect(endless.status).toBe(413);
  expect(endless.sent).toBeLessThan(2 * maxUploadBytes);
});

test('that are not sent to their end leave nothing behind', async () => {
  await new Promise((resolve) => {
    const upload = request(`${cluster.node.httpUrl}/api/v1/photos`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=x' },
    });
    upload.on('error', resolve).on('close', resolve);
    upload.write('--x\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nhalf', () => {
      setTimeout(() => upload.destroy(), 50);
    });
  });
  const form = photoForm([{ file: 'after.jpg', id: 'after', bytes: await numbered(6) }]);
  expect((await http.send('/photos?wait=true', { form })).status).toBe(200);
});

test('are found by their tags, and come back from the dead letters', async () => {
  const found = await operator.photo('three');
  const tag = found.result !== undefined && 'tags' in found.result ? found.result.tags[0]?.tag : undefined;
  const { body } = await http.send(`/search?q=${encodeURIComponent(`"${tag ?? 'cat'}"`)}&limit=1000`);
  const hits = expect.arrayContaining(
    tag === undefined ? [] : [expect.objectContaining({ id: 'three', file: 'three.jpg' })],
  ) as unknown;
  expect(body).toMatchObject({ hits });
  expect((await http.send('/search?q=%22')).body).toMatchObject({ error: { code: 'QUERY_SYNTAX' } });
  expect((await http.send('/search?q=a&limit=0')).status).toBe(400);
  await http.send('/photos?wait=true', {
    form: photoForm([{ file: 'bad.jpg', id: 'bad', bytes: Buffer.from('bad') }]),
  });
  const { body: list } = await http.send('/dead-letters?id=bad');
  const [letter] = (list as { letters: { sequence: number }[] }).letters;
  const photo = await http.send(`/dead-letters/${String(letter!.sequence)}/photo`);
  expect([photo.status, photo.body]).toEqual([200, 'bad']);
  expect(photo.headers.get('content-disposition')).toBe('attachment');
  const retried = await http.send('/dead-letters/retry?id=bad', { method: 'POST' });
  expect(retried.body).toEqual({ retried: 1 });
  await until(async () => {
    const { body: again } = await http.send('/dead-letters?id=bad');
    return (again as { letters: unknown[] }).letters.length === 1;
  });
  expect((await http.send('/dead-letters?id=bad', { method: 'DELETE' })).body).toEqual({ removed: 1 });
  expect((await http.send('/dead-letters', { method: 'DELETE' })).status).toBe(400);
  expect((await http.send('/dead-letters?all&id=x', { method: 'DELETE' })).status).toBe(400);
});

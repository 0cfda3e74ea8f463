import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { HttpClient, photoForm } from '../support/http-client.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let operator: ClusterClient;
let http: HttpClient;

const token = async (name: string, role: 'viewer' | 'submitter' | 'operator') => {
  const made = await operator.ask('tokenAdd', {}, { name, role });
  return made.token;
};

beforeAll(async () => {
  cluster = await startClusterNode();
  operator = await cluster.connect();
  http = new HttpClient(cluster.node.httpUrl, await token('ops', 'operator'));
});

afterAll(async () => {
  await cluster.dispose();
});

describe('photos', () => {
  test('are stored, and with wait their tags are the answer; a bad one costs itself alone', async () => {
    const form = photoForm([
      { file: 'one.jpg', id: 'фото/1 ?#%', bytes: await numbered(1) },
      { file: 'empty.jpg', bytes: new Uint8Array(0) },
      { file: 'text.jpg', id: 'text', bytes: Buffer.from('no photo at all') },
      { file: 'two.jpg', bytes: await numbered(2) },
    ]);
    const { status, body } = await http.send('/photos?wait=true', { form });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      photos: [
        { id: 'фото/1 ?#%', file: 'one.jpg', tags: expect.any(Array) as unknown },
        { file: 'empty.jpg', error: { code: 'PHOTO_EMPTY', retry: false } },
        { id: 'text', file: 'text.jpg', error: { code: 'PHOTO_FORMAT' } },
        { file: 'two.jpg', model: expect.any(String) as unknown },
      ],
    });
    const path = `/photos/${encodeURIComponent('фото/1 ?#%')}`;
    expect((await http.send(path)).body).toMatchObject({ id: 'фото/1 ?#%', deadLetters: [] });
    expect((await http.send(path, { method: 'DELETE' })).body).toMatchObject({ stored: 1 });
    expect((await http.send(path)).status).toBe(404);
  });

  test('are accepted at once without wait', async () => {
    const form = photoForm([{ file: 'three.jpg', id: 'three', bytes: await numbered(3) }]);
    const { status, body } = await http.send('/photos', { form });
    expect([status, body]).toEqual([202, { photos: [{ id: 'three', file: 'three.jpg', state: 'stored' }] }]);
    await until(async () => (await http.send('/photos/three')).status === 200);
  });
});

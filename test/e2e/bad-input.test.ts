import { join } from 'node:path';
import { connect, headers as createHeaders } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeName, sha256 } from '../../src/base/ids.ts';
import type { DeadLetter } from '../../src/transport/payloads.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { oddPhotoLimits, oddPhotos } from '../support/odd-photos.ts';
import { numbered, photoForms, pictureOf } from '../support/photos.ts';
import { until } from '../support/until.ts';

const catFile = join(import.meta.dirname, '../../.cache/photos/cat.png');

let cluster: ClusterNode;
let client: ClusterClient;

beforeAll(async () => {
  cluster = await startClusterNode({
    maxPhotoBytes: oddPhotoLimits.maxBytes,
    maxPhotoPixels: oddPhotoLimits.maxPixels,
    decodeTimeoutMs: oddPhotoLimits.timeoutMs,
    taskTimeoutMs: 2 * oddPhotoLimits.timeoutMs,
  });
  client = await cluster.connect();
});

afterAll(async () => {
  await cluster.dispose();
});

/** Waits for the last result of a photo. */
async function resultOf(id: string, count = 1) {
  await until(() => (client.results.get(id)?.length ?? 0) >= count, 40_000);
  return client.results.get(id)!.at(-1)!;
}

/** The one dead letter of a photo, after a look at its bytes. */
async function deadLetterOf(id: string, bytes: Uint8Array): Promise<DeadLetter> {
  const { result, dead } = await client.photo(id);
  expect(result).toBeUndefined();
  expect(dead).toHaveLength(1);
  const { photo } = await client.ask('deadShow', {}, { sequence: dead[0]!.sequence });
  expect(Buffer.from(photo).equals(bytes)).toBe(true);
  return dead[0]!;
}

/** Sends bytes as a program that is not ours may: no check, these headers. */
async function publishRaw(bytes: Uint8Array, given: Readonly<Record<string, string>> = {}): Promise<void> {
  const raw = await connect({ servers: cluster.node.url });
  const headers = createHeaders();
  headers.set('Autotag-Client', 'test');
  for (const [name, value] of Object.entries(given)) headers.set(name, value);
  await raw.jetstream().publish('autotag.v1.submit', bytes, { headers });
  await raw.close();
}

describe('what people submit', () => {
  test('is tagged or becomes a dead letter with its bytes, and costs nobody else', async () => {
    const made = await Promise.all(oddPhotos.map(async (odd) => ({ ...odd, bytes: await odd.make() })));
    const sound = await Promise.all(oddPhotos.map((_, number) => numbered(number)));
    for (const [number, { name, bytes }] of made.entries()) {
      await client.submit({ id: `sound ${String(number)}`, bytes: sound[number]! });
      if (bytes.length === 0) await publishRaw(bytes, { 'Autotag-Id': encodeName(name) });
      else await client.submit({ id: name, bytes });
    }
    for (const [number, { name, outcome, bytes }] of made.entries()) {
      const tagged = outcome === 'quadrants' || outcome === 'pixels';
      expect
        .soft(await resultOf(`sound ${String(number)}`))
        .toMatchObject({ tags: expect.anything() as unknown });
      const result = await resultOf(name);
      if (tagged) {
        expect.soft(result, name).toMatchObject({ tags: expect.anything() as unknown });
        expect.soft((await client.photo(name)).dead, name).toEqual([]);
      } else {
        expect.soft(result, name).toMatchObject({ error: { code: outcome } });
        expect.soft(await deadLetterOf(name, bytes), name).toMatchObject({ code: outcome, attempts: 1 });
      }
    }
    expect((await client.status()).queue.photos).toBe(0);
  }, 120_000);

  test('beyond the limit of the stream is refused in a sentence', async () => {
    const bytes = new Uint8Array(oddPhotoLimits.maxBytes + 1024 * 1024);
    await expect(client.submit({ bytes })).rejects.toMatchObject({ code: 'PHOTO_TOO_LARGE' });
  });

  test('by a program of its own, without an id or with an impossible one, goes by the hash of its bytes', async () => {
    const nameless = await numbered(1_000);
    const misnamed = await numbered(1_001);
    await publishRaw(nameless);
    expect(await resultOf(sha256(nameless))).toMatchObject({ tags: expect.anything() as unknown });
    await publishRaw(misnamed, { 'Autotag-Id': encodeName('x'.repeat(10_000)) });
    expect(await resultOf(sha256(misnamed))).toMatchObject({ error: { code: 'PHOTO_ID' } });
    expect(await deadLetterOf(sha256(misnamed), misnamed)).toMatchObject({ code: 'PHOTO_ID' });
  });
});

describe('an id', () => {
  test.each([
    'a.b.c',
    'with spaces',
    '*',
    '>',
    'x/y/../z',
    '🏖️ été',
    ' padded ',
    'é'.repeat(128),
    '__proto__',
  ])('like %j is the photo’s name everywhere', async (id) => {
    await client.submit({ id, bytes: await numbered(2_000 + id.length), file: `${id}.jpg`, top: 1 });
    expect(await resultOf(id)).toMatchObject({ id, file: `${id}.jpg` });
    expect((await client.photo(id)).result).toMatchObject({ id });
  });

  test.each([
    ['of 10 KB', 'x'.repeat(10_000)],
    ['with a line feed', 'a\nb'],
    ['that is empty', ''],
  ])('%s is refused in a sentence', async (_, id) => {
    await expect(client.submit({ id, bytes: await numbered(1) })).rejects.toMatchObject({ code: 'PHOTO_ID' });
  });
});

describe('a photo that is submitted again', () => {
  test('with the same bytes is one', async () => {
    const photo = { id: 'again', bytes: await numbered(3_000) };
    const first = await client.submit(photo);
    expect(await client.submit(photo)).toEqual({ ...first, duplicate: true });
    await resultOf('again');
    expect(await client.submit(photo)).toMatchObject({ duplicate: true });
    expect(client.results.get('again')).toHaveLength(1);
  });

  test('with other bytes is the later one', async () => {
    const tagsOf = async (id: string) => {
      const result = await resultOf(id);
      return 'tags' in result ? result.tags : [];
    };
    await client.submit({ id: 'first', bytes: await numbered(10), top: 5 });
    await client.submit({ id: 'later', bytes: await numbered(200), top: 5 });
    const [first, later] = [await tagsOf('first'), await tagsOf('later')];
    expect(first).not.toEqual(later);
    await client.submit({ id: 'changed', bytes: await numbered(10), top: 5 });
    await client.submit({ id: 'changed', bytes: await numbered(200), top: 5 });
    await resultOf('changed', 2);
    const { photos } = (await client.status())['store'] as { photos: number };
    expect((await client.photo('changed')).result).toEqual({
      ...(await client.photo('later')).result,
      id: 'changed',
    });
    await client.submit({ id: 'changed', bytes: await numbered(10), rerun: 1 });
    await resultOf('changed', 3);
    expect(((await client.status())['store'] as { photos: number }).photos).toBe(photos);
  });
});

describe('a dead letter', () => {
  test('is tried again within the duplicate window, as often as one likes', async () => {
    const id = 'not a photo';
    const bytes = Buffer.from('Dear photo service, …');
    await client.submit({ id, bytes });
    for (let count = 1; count <= 3; count++) {
      expect(await resultOf(id, count)).toMatchObject({ error: { code: 'PHOTO_FORMAT' } });
      await until(async () => (await client.photo(id)).dead.length === 1);
      expect(await deadLetterOf(id, bytes)).toMatchObject({ rerun: count - 1 });
      if (count < 3) expect(await client.ask('deadRetry', {}, { id })).toEqual({ retried: 1 });
    }
  });

  test('is listed and removed', async () => {
    const id = 'to be removed';
    await client.submit({ id, bytes: Buffer.from('no photo either') });
    await resultOf(id);
    const { letters } = await client.ask('deadList', {}, { id });
    expect(letters).toMatchObject([{ id, code: 'PHOTO_FORMAT', attempts: 1 }]);
    const before = (await client.status()).deadLetters;
    expect(await client.ask('deadRemove', {}, { sequences: [letters[0]!.sequence] })).toEqual({ removed: 1 });
    expect((await client.status()).deadLetters).toBe(before - 1);
    expect((await client.photo(id)).dead).toEqual([]);
  });
});

test('what a photo shows is found in whatever form it comes', async () => {
  const forms = await photoForms(await pictureOf(catFile));
  for (const [name, bytes] of forms) await client.submit({ id: `cat ${name}`, bytes, top: 5 });
  for (const [name] of forms) {
    const result = await resultOf(`cat ${name}`);
    const tags = 'tags' in result ? result.tags.map(({ tag }) => tag) : [];
    expect
      .soft(
        tags.some((tag) => /tabby|cat/.test(tag)),
        `${name}: ${tags.join(', ')}`,
      )
      .toBe(true);
  }
});

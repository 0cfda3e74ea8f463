import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { runRecord } from '../../src/transport/payloads.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { labelledPhotos, type LabelledPhoto } from '../support/labelled-photos.ts';
import { temporaryFolder } from '../support/model.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let photos: LabelledPhoto[];

beforeAll(async () => {
  [folder, cluster, photos] = await Promise.all([
    temporaryFolder(),
    startClusterNode({ jobThreads: 1 }),
    labelledPhotos(36),
  ]);
  client = await cluster.connect();
  await submit(photos);
});

afterAll(async () => {
  await cluster.dispose();
  await folder.remove();
});

async function submit(some: readonly Pick<LabelledPhoto, 'id' | 'bytes'>[]): Promise<void> {
  const before = new Map(some.map(({ id }) => [id, client.results.get(id)?.length ?? 0]));
  for (const { id, bytes } of some) await client.submit({ id, bytes });
  await until(() => some.every(({ id }) => (client.results.get(id)?.length ?? 0) > before.get(id)!));
}

async function run(...args: string[]) {
  const cli = new CapturedCli();
  const code = await cli.run(...args, '--nats', cluster.node.url);
  expect([code, cli.err]).toEqual([0, '']);
  return cli;
}

async function shown(id: string) {
  const { result } = await client.photo(id);
  if (result === undefined || 'error' in result) throw new Error(`${id} has no tags`);
  return result;
}

/** Whether a search for a tag finds a photo. */
async function isFound(id: string, tag: string): Promise<boolean> {
  const query = `"${tag.toUpperCase()}"`;
  const { photos: hits } = await client.ask('search', {}, { query, limit: 1000 });
  return hits.some((hit) => hit.id === id);
}

test('what a user says of tags counts at once, and whatever the machine says later', async () => {
  const [{ id }] = photos as [LabelledPhoto];
  const before = await shown(id);
  const { tag } = before.tags[0]!;
  const cli = await run(
    'correct',
    id,
    '--reject',
    tag.toUpperCase(),
    '--accept',
    'my own',
    '--by',
    'ann',
    '--json',
  );
  const corrected = await shown(id);
  expect(cli.values).toEqual([{ id, tags: corrected.tags, corrections: corrected.corrections }]);
  expect(corrected.tags).toEqual([{ tag: 'my own', score: 1, by: 'user' }, ...before.tags.slice(1)]);
  // As the machine spells it.
  expect(corrected.corrections).toMatchObject([
    { tag: 'my own', verdict: 'accept', by: 'ann' },
    { tag, verdict: 'reject', by: 'ann' },
  ]);
  const stays = async () => {
    expect(await shown(id)).toEqual(corrected);
    expect([await isFound(id, tag), await isFound(id, 'my own')]).toEqual([false, true]);
  };
  await stays();
  await run('tag', '--stored', '--all', '--json', '--data', cluster.data.path);
  await stays();
  await cluster.node.stop();
  await cluster.restart();
  client = await cluster.connect();
  await stays();
  expect((await run('correct', id, '--undo', tag, 'my own')).out).toContain(tag);
  expect(await shown(id)).toEqual(before);
  expect(await isFound(id, tag)).toBe(true);

  await run('correct', id, '--accept', 'my own');
  await submit([{ id, bytes: photos[9]!.bytes }]);
  const again = (await shown(photos[9]!.id)).tags;
  expect((await shown(id)).tags).toEqual([{ tag: 'my own', score: 1, by: 'user' }, ...again]);
  await run('correct', id, '--undo', 'my own');
  expect((await shown(id)).tags).toEqual(again);
});

test('anybody who may submit may correct, what is there', async () => {
  const submitter = await cluster.connect('submitter');
  const tags = [{ tag: 'x', verdict: 'accept' as const }];
  await submitter.ask('correct', {}, { id: photos[1]!.id, tags, by: 'bob' });
  await expect(submitter.ask('correct', {}, { id: 'nobody', tags, by: 'bob' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(submitter.ask('corrections', {}, {})).rejects.toMatchObject({ code: 'NATS_DENIED' });
  await submitter.ask('correct', {}, { id: photos[1]!.id, tags: [{ tag: 'X', verdict: 'none' }], by: 'bob' });
});

const trained = z.object({
  model: z.string(),
  classes: z.number(),
  join: z.looseObject({ labels: z.looseObject({ given: z.number() }) }),
});

async function train(...args: string[]) {
  const cli = await run('train', '--json', '--data', cluster.data.path, ...args);
  return trained.parse(runRecord.parse(cli.values[0]).detail);
}

test('corrections are labels for training, without a pixel; what is said later changes the model', async () => {
  const say = (verdictOf: (photo: LabelledPhoto) => 'accept' | 'reject', of: readonly LabelledPhoto[]) =>
    Promise.all(
      of.map((photo) =>
        client.ask(
          'correct',
          {},
          { id: photo.id, by: 'ann', tags: [{ tag: 'is red', verdict: verdictOf(photo) }] },
        ),
      ),
    );
  await say(({ colour }) => (colour === 'red' ? 'accept' : 'reject'), photos.slice(0, 30));
  const first = await train('--corrections', '--activate');
  expect(first).toMatchObject({ classes: 1, join: { labels: { given: 30 } } });

  const out = join(folder.path, 'labels.tsv');
  expect((await run('corrections', '--out', out, '--data', cluster.data.path)).out).toContain(
    '30 labels of 30 photos',
  );
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  expect(lines.toSorted()).toEqual(
    photos
      .slice(0, 30)
      .map(({ id, colour }) => `is red\t${id}\t${colour === 'red' ? 'TRUE' : 'FALSE'}`)
      .toSorted(),
  );

  // The labels of before count where nobody says anything, and lose where somebody does.
  await say(({ colour }) => (colour === 'red' ? 'reject' : 'accept'), photos.slice(0, 3));
  const second = await train('--update', first.model, '--corrections');
  expect(second.model).not.toBe(first.model);
  expect(second.join.labels).toMatchObject({ given: 30, changed: 3 });
});

test('photos that look like one are found, the most similar first', async () => {
  const [red, ...others] = photos.slice(12).filter(({ colour }) => colour === 'red');
  const odd = photos.find(({ colour }) => colour === 'blue')!;
  const tags = [{ tag: 'a shape', verdict: 'accept' as const }];
  for (const { id } of [red!, ...others, odd]) await client.ask('correct', {}, { id, tags, by: 'ann' });
  await submit([{ id: 'the same', bytes: red!.bytes }]);
  await client.ask('correct', {}, { id: 'the same', tags, by: 'ann' });
  const found = (await client.ask('related', {}, { id: red!.id, limit: 5 })).photos;
  expect(found).toHaveLength(5);
  expect(found[0]).toMatchObject({ id: 'the same', similarity: expect.closeTo(1, 5) as number });
  const similarities = found.map(({ similarity }) => similarity);
  expect(similarities).toEqual(similarities.toSorted((a, b) => b - a));
  expect(found.every(({ id, tags: shared }) => id !== red!.id && shared.length > 0)).toBe(true);
  expect((await run('related', red!.id, '--limit', '2')).out).toMatch(
    /^PHOTO +SIMILARITY +TAGS\nthe same +1\.00 /,
  );
});

test('a photo without features, or that is not there, gets a clear answer', async () => {
  const node = await ClusterClient.open({ url: cluster.node.url, dataFolder: cluster.data.path }, 'node');
  const row = {
    photoId: 'bare',
    submission: { epoch: 1, sequence: 1 },
    activation: 1,
    model: 'm',
    extractor: 'e',
  };
  const result = { ...row, taggedAt: 1, tags: [{ tag: 'a shape', score: 0.5 }] };
  await node.ask('keepResults', { node: 'n1' }, { photos: [{ result, features: [] }] });
  await node.close();
  for (const [id, code] of [
    ['bare', 'FEATURES_MISSING'],
    ['nobody', 'NOT_FOUND'],
  ] as const)
    await expect(client.ask('related', {}, { id })).rejects.toMatchObject({ code });
});

test('corrections of a photo that is forgotten are gone, from the next labels as well', async () => {
  const { id } = photos[5]!;
  await run('forget', id, '--data', cluster.data.path);
  const out = join(folder.path, 'after.tsv');
  await run('corrections', '--out', out, '--data', cluster.data.path);
  const text = await readFile(out, 'utf8');
  expect(text).toContain(`\t${photos[6]!.id}\t`);
  expect(text).not.toContain(`\t${id}\t`);
});

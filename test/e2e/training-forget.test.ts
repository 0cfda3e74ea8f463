import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlobStore } from '../../src/model/blob-store.ts';
import type { Model } from '../../src/model/model-file.ts';
import { FeatureBlockReader } from '../../src/model/training-set/feature-block.ts';
import { labelsWithout } from '../../src/model/training-set/labels-without.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import type { RunRecord } from '../../src/transport/payloads.ts';
import { differenceOf, TrainingNode } from '../chaos/training-node.ts';
import { photoName, writeLabelledPhotos, type LabelledPhotos } from '../chaos/training-photos.ts';
import type { GivenOptions } from '../support/node-process.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

const photos = 48;
const forgotten = photoName(21);
let folder: string;
let all: LabelledPhotos;
/** What is made of the photos where nobody has ever had the one that is forgotten. */
let expected: Model;
let server: TestPostgres;

beforeAll(async () => {
  server = await startPostgres(['fsync=off']);
  folder = await mkdtemp(join(tmpdir(), 'autotag-forget-'));
  all = await writeLabelledPhotos(folder, photos);
  expected = await withNode(async (node) => {
    const others = await writeLabelledPhotos(await mkdtemp(join(folder, 'without-')), photos, forgotten);
    return await node.model(await node.end((await node.train(others)).id));
  });
}, 120_000);

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** A node that keeps features in files, or in a database of its own. */
const given = {
  files: () => Promise.resolve({}),
  PostgreSQL: async () => ({ storeUrl: await server.createDatabase() }),
};
const kept = ['files', 'PostgreSQL'] as const;

test.each(kept)(
  'with features in %s, a model that is trained after a photo was forgotten has the bits of one that never knew it; updates as well',
  async (where) => {
    await withNode(
      async (node) => {
        const before = await node.model(await node.end((await node.train(all)).id));
        expect(differenceOf(before, expected)).toContain('header');
        await forget(node);
        await untilGone(node);

        const trained = await node.end((await node.train({ labels: all.labels })).id);
        expect(differenceOf(await node.model(trained), expected)).toBeUndefined();

        const updated = await node.end((await node.train({}, { update: before.id })).id);
        expect(differenceOf(await node.model(updated), expected)).toBeUndefined();
      },
      await given[where](),
    );
  },
  120_000,
);

test.each(kept)(
  'with features in %s, a photo that is forgotten while a run learns from it does not come back',
  async (where) => {
    await withNode(
      async (node) => {
        const { id } = await node.train(all);
        await node.until(id, isLearning);
        await forget(node);
        const end = await node.end(id);
        expect(differenceOf(await node.model(end), expected)).toBeUndefined();
        await untilGone(node);
      },
      await given[where](),
    );
  },
  120_000,
);

test('nor in a run that is gone on with later, by a node that was started again', async () => {
  await withNode(async (node) => {
    const { id } = await node.train(all);
    await node.until(id, isLearning);
    await node.cancel(id);
    await forget(node);
    await node.process.stop();
    await node.process.start();
    await node.resume(id);
    const end = await node.end(id);
    expect(differenceOf(await node.model(end), expected)).toBeUndefined();
    await untilGone(node);
  });
}, 120_000);

async function withNode<T>(use: (node: TrainingNode) => Promise<T>, options: GivenOptions = {}): Promise<T> {
  const node = await TrainingNode.start(options);
  try {
    return await use(node);
  } finally {
    await node.dispose();
  }
}

/** Whether labels are joined with the photo; a step may be too short to be seen. */
function isLearning({ step }: RunRecord): boolean {
  return step !== undefined && step !== 'describe' && step !== 'join';
}

async function forget(node: TrainingNode): Promise<void> {
  await (await node.client()).ask('forget', {}, { id: forgotten });
}

/** Blobs go soon after the answer, or after the run that was under way. */
async function untilGone(node: TrainingNode): Promise<void> {
  let found: string[] = [];
  await until(async () => {
    // What is looked at may just be removed.
    found = await traces(node).catch((error: unknown) => [String(error)]);
    return found.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`still there: ${found.join(', ')}`, { cause: error });
  });
}

/** Where the photo is still named in what models were trained on. */
async function traces(node: TrainingNode): Promise<string[]> {
  const data = node.process.data.path;
  const blobs = new BlobStore(join(data, 'blobs'));
  const found: string[] = [];
  for (const name of await readdir(join(data, 'training'))) {
    const text = await readFile(join(data, 'training', name), 'utf8');
    if (text.includes(forgotten)) found.push(name);
    if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
    const { set } = JSON.parse(text) as { set: TrainingSet };
    if (
      (await labelsWithout(set.labels, [forgotten], { blobs, scratch: join(data, 'scratch-of-test') })) !==
      undefined
    )
      found.push(`labels of ${name}`);
    for (const { features } of [...set.learn, ...set.heldOut]) {
      const reader = await FeatureBlockReader.open(blobs.path(features.id));
      if ((await reader.ids()).includes(forgotten)) found.push(`features of ${name}`);
      await reader.close();
    }
  }
  for await (const { id } of blobs.list())
    if ((await blobs.read(id)).includes(forgotten)) found.push(`blob ${id}`);
  return found;
}

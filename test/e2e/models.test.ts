import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeModel, type ModelContents } from '../../src/model/model-writer.ts';
import type { PhotoResult } from '../../src/transport/payloads.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { Lite0Reference } from '../support/lite0-reference.ts';
import { blockContents, modelContents, temporaryFolder } from '../support/model.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;
let reference: Lite0Reference;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
  reference = await Lite0Reference.load();
  cluster = await startClusterNode();
  client = await cluster.connect();
});

afterEach(async () => {
  await cluster.dispose();
  await folder.remove();
});

let written = 0;

/** Publishes a model; answers its id. */
async function install(contents: ModelContents): Promise<string> {
  const file = join(folder.path, `${String(written++)}.model`);
  const id = await writeModel(file, contents);
  expect(await client.importModel(file)).toBe(id);
  return id;
}

async function resultOf(id: string): Promise<Extract<PhotoResult, { model: string }>> {
  await until(() => client.results.has(id));
  const result = client.results.get(id)![0]!;
  if (!('model' in result)) throw new Error(result.error.message);
  return result;
}

test('classes of any name keep their place by score, and are found', async () => {
  const classes = ['beach', '2013', '__proto__', 'constructor', '7', 'dog & "cat"', 'été'];
  const zeros = new Float32Array(classes.length * reference.extractor.dims);
  // Margins of −b whatever the photo is: the first class scores lowest.
  const b = Float32Array.from(classes, (_, index) => -index / 2);
  const calibration = Float32Array.from(classes.flatMap(() => [-1, 0]));
  const thresholds = new Float32Array(classes.length).fill(0.1);
  const block = { ...reference.randomBlock(classes, 1), w: zeros, b, calibration, thresholds };
  const id = await install(modelContents(block));
  await client.activate(id);
  await client.submit({ id: 'p', bytes: await numbered(1) });
  const { model, tags } = await resultOf('p');
  expect(model).toBe(id);
  expect(tags.map(({ tag }) => tag)).toEqual(classes.toReversed());
  for (const [place, { score }] of tags.entries())
    expect(score).toBeCloseTo(1 / (1 + Math.exp(-(classes.length - 1 - place) / 2)), 4);
  expect((await client.photo('p')).result).toEqual({ id: 'p', model: id, tags });
  for (const query of ['2013', '__proto__', 'constructor', '7 score>0.5', 'beach -dog'])
    expect((await client.ask('search', {}, { query })).photos, query).toMatchObject([{ id: 'p' }]);
  expect((await client.ask('search', {}, { query: '-2013 beach' })).photos).toEqual([]);
});

test('a model of another extractor, a damaged one and one that is not there are refused; the one in use stays', async () => {
  const { model: inUse } = await client.status();
  const foreign = await install(modelContents(blockContents(['a', 'b'], 1280)));
  await expect(client.activate(foreign)).rejects.toMatchObject({ code: 'MODEL_EXTRACTOR' });
  const narrow = await install(
    modelContents({ ...blockContents(['a'], 64), extractor: { ...reference.extractor, dims: 64 } }),
  );
  await expect(client.activate(narrow)).rejects.toMatchObject({ code: 'MODEL_EXTRACTOR' });
  await expect(client.activate('ab'.repeat(32))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.activate('../../etc/passwd')).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await client.submit({ id: 'p', bytes: await numbered(1) });
  expect(await resultOf('p')).toMatchObject({ model: inUse });
  expect(await client.status()).toMatchObject({ model: inUse });
});

test('a swap under load: each result is that of the model it names; a restart keeps the last; a rollback wins', async () => {
  const classes = Array.from({ length: 12 }, (_, index) => `class ${String(index)}`);
  const blocks = [1, 2].map((seed) => reference.randomBlock(classes, seed));
  const ids = await Promise.all(blocks.map((block) => install(modelContents(block))));
  const bytes = await numbered(1);
  const submit = (name: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, number) =>
        client.submit({ id: `${name} ${String(number)}`, bytes, top: 12 }),
      ),
    );
  const tagsByModel = new Map<string, unknown>();
  const seen = async (name: string, count: number) => {
    const models = new Set<string>();
    for (let number = 0; number < count; number++) {
      const { model, tags } = await resultOf(`${name} ${String(number)}`);
      if (!tagsByModel.has(model)) tagsByModel.set(model, tags);
      expect(tags).toEqual(tagsByModel.get(model));
      models.add(model);
    }
    return [...models];
  };
  await client.activate(ids[0]!);
  await submit('a', 20);
  await client.activate(ids[1]!);
  await submit('b', 5);
  await seen('a', 20);
  expect(await seen('b', 5)).toEqual([ids[1]]);
  expect(tagsByModel.get(ids[0]!)).not.toEqual(tagsByModel.get(ids[1]!));
  await cluster.node.stop();
  await cluster.restart();
  client = await cluster.connect();
  expect(await client.status()).toMatchObject({ model: ids[1] });
  await client.activate(ids[0]!);
  await client.submit({ id: 'b 0', bytes, top: 12, rerun: 1 });
  expect(await resultOf('b 0')).toMatchObject({ model: ids[0] });
  expect((await client.photo('b 0')).result).toMatchObject({ model: ids[0] });
});

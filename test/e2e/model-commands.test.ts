import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { writeModel, type BlockContents } from '../../src/model/model-writer.ts';
import { Connection } from '../../src/transport/connection.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import { ModelRegistry } from '../../src/transport/model-registry.ts';
import type { ModelMetadata, PhotoResult } from '../../src/transport/payloads.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { joiningUrl } from '../support/joining-url.ts';
import { Lite0Reference } from '../support/lite0-reference.ts';
import { modelContents, temporaryFolder } from '../support/model.ts';
import { numbered } from '../support/photos.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;
let reference: Lite0Reference;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  [reference, folder, cluster] = await Promise.all([
    Lite0Reference.load(),
    temporaryFolder(),
    startClusterNode(),
  ]);
  client = await cluster.connect();
});

afterEach(async () => {
  await cluster.dispose();
  await folder.remove();
});

/** Runs a command to its end. */
async function models(...args: string[]) {
  const cli = new CapturedCli();
  const code = await cli.run('models', ...args, '--nats', cluster.node.url, '--data', cluster.data.path);
  return { code, out: cli.out, err: cli.err, value: () => cli.values[0] };
}

/** Writes a model file of always-shown classes. */
async function modelFile(name: string, ...blocks: BlockContents[]): Promise<{ file: string; id: string }> {
  const file = join(folder.path, `${name}.model`);
  return { file, id: await writeModel(file, modelContents(...blocks)) };
}

/** A block of which every class is shown on every photo. */
function shownBlock(classes: readonly string[], seed: number): BlockContents {
  return { ...reference.randomBlock(classes, seed), thresholds: new Float32Array(classes.length) };
}

/** Tags a photo; answers its model and its tags by name. */
async function tagged(id: string): Promise<{ model: string; tags: ReadonlyMap<string, number> }> {
  await client.submit({ id, bytes: await numbered(1) });
  await until(() => client.results.has(id));
  const result: PhotoResult = client.results.get(id)!.at(-1)!;
  if (!('model' in result)) throw new Error(result.error.message);
  return { model: result.model, tags: new Map(result.tags.map(({ tag, score }) => [tag, score])) };
}

/** Publishes a model with an evaluation, as a training run does. */
async function publish(file: string, averagePrecisions: Readonly<Record<string, number>>): Promise<string> {
  const credentials = await credentialsFor(cluster.node.url, { dataFolder: cluster.data.path, role: 'node' });
  const connection = await Connection.open({
    url: cluster.node.url,
    role: 'node',
    name: 'test',
    credentials,
  });
  const registry = await ModelRegistry.open(connection);
  const values = Object.values(averagePrecisions);
  const meanAveragePrecision = values.reduce((sum, value) => sum + value, 0) / values.length;
  const metadata: ModelMetadata = {
    created: '2026-01-02T03:04:05Z',
    kind: 'trained',
    description: 'trained in a test',
    parents: [],
    blocks: [{ name: 'own', extractor: 'lite0-1', score: 'platt', classes: values.length }],
    run: 'run-7',
    evaluation: { meanAveragePrecision, judgedClasses: values.length, precision: 0.9 },
  };
  const evaluation = Buffer.from(JSON.stringify(evaluationOf(averagePrecisions, meanAveragePrecision)));
  const report = Buffer.from('<!doctype html><title>Report</title>');
  try {
    return await registry.publish({ file, metadata, evaluation, report });
  } finally {
    await connection.close();
  }
}

function evaluationOf(averagePrecisions: Readonly<Record<string, number>>, meanAveragePrecision: number) {
  const classes = Object.entries(averagePrecisions).map(([name, averagePrecision]) => {
    const counts = { positives: 10, negatives: 10, shown: 10 };
    return { name, averagePrecision, threshold: 0.5, precision: 0.9, recall: 0.9, ...counts };
  });
  return {
    version: 1,
    photos: 20,
    classes,
    meanAveragePrecision,
    judgedClasses: classes.length,
    statedPrecision: 0.9,
    precision: 0.9,
    recall: 0.9,
    shown: 10,
    calibrationError: 0.01,
    reliability: [],
    exclusive: null,
    confusions: [],
    falseTags: [],
    missedTags: [],
  };
}

test('imported, put in use, tagged by, rolled back, exported and removed', async () => {
  const { model: starter } = await client.status();
  const { file, id } = await modelFile('own', shownBlock(['strand', 'hund'], 1));
  expect((await models('import', file)).out).toContain(`Published the model ${id}`);
  expect((await models('import', file)).code).toBe(0);
  const list = z
    .object({
      models: z.array(z.object({ id: z.string(), kind: z.string() })),
      active: z.object({ model: z.string() }),
    })
    .parse((await models('list', '--json')).value());
  expect(list.models.map((model) => [model.id, model.kind])).toEqual([
    [starter, 'starter'],
    [id, 'imported'],
  ]);
  expect(list.active.model).toBe(starter);
  const activated = await models('activate', id.slice(0, 6));
  expect([activated.code, activated.err, activated.out]).toEqual([0, '', `In use: ${id} (activation 2).\n`]);
  expect((await models('list')).out).toMatch(
    new RegExp(`${id.slice(0, 12)} .* imported +2 +– +activation 2`),
  );
  const first = await tagged('a');
  expect([first.model, [...first.tags.keys()].sort()]).toEqual([id, ['hund', 'strand']]);
  expect(await models('remove', id)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is in use') as string,
  });
  expect((await models('rollback', '--json')).value()).toMatchObject({ model: starter, number: 3 });
  expect((await tagged('b')).model).toBe(starter);
  expect(await models('rollback')).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no activation') as string,
  });
  const copy = join(folder.path, 'copy.model');
  expect((await models('export', id, copy)).out).toBe(`Wrote the model ${id} to ${copy}.\n`);
  expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
  expect((await models('export', id, copy)).err).toContain('it is there already');
  expect((await models('remove', id)).out).toBe(`Removed ${id}.\n`);
  expect(await models('show', id)).toMatchObject({ code: 1, err: `There is no model ${id}.\n` });
  expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('several models side by side: the classes of both, a class of two is that of the earlier', async () => {
  const { model: starter } = await client.status();
  const { file } = await modelFile('own', shownBlock(['strand', 'tabby', '2013'], 1));
  const id = z.object({ model: z.string() }).parse((await models('import', file, '--json')).value()).model;
  const alone = await (await models('activate', id), tagged('alone'));
  const both = await models('activate', id, starter!);
  expect(both.out).toContain('Classes of two models are those of the earlier one: tabby.');
  const composed = (await client.status()).model!;
  const { model, tags } = await tagged('both');
  expect(model).toBe(composed);
  for (const [name, score] of alone.tags) expect(tags.get(name)).toBe(score);
  expect((await models('activate', id, starter!, '--json')).value()).toMatchObject({ model: composed });
  const card = await models('show', composed.slice(0, 8));
  expect(card.out).toMatch(/kind +composed/);
  expect(card.out).toMatch(new RegExp(`made from +${id}\n *made from +${starter!}`));
  expect(card.out).toMatch(/block +imagenet-1k: 1000 classes, lite0-1, softmax/);
  // The starter's own tabby counts in its softmax and is never shown.
  await client.submit({ id: 'top', bytes: await numbered(1), top: 1_000 });
  await until(() => client.results.has('top'));
  const top = client.results.get('top')![0]!;
  const names = 'tags' in top ? top.tags.map(({ tag }) => tag) : [];
  expect([names.length, names.filter((name) => name.startsWith('tabby'))]).toEqual([1_000, ['tabby']]);
});

test('a model that does worse than the one in use is refused unless forced; a report and a comparison', async () => {
  const files = await Promise.all(
    [1, 2, 3].map((seed) => modelFile(String(seed), shownBlock(['a', 'b', `c${String(seed)}`], seed))),
  );
  const good = await publish(files[0]!.file, { a: 0.9, b: 0.8, c1: 0.1 });
  const worse = await publish(files[1]!.file, { a: 0.7, b: 0.85, c2: 0.99 });
  const { id: unjudged } = files[2]!;
  expect((await models('import', files[2]!.file)).code).toBe(0);
  expect((await models('activate', good)).code).toBe(0);
  const refused = await models('activate', worse);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain('77.5 against 85.0 of the active model, over 2 classes');
  expect(await client.status()).toMatchObject({ model: good });
  // Side by side with others it is no better.
  expect((await models('activate', worse, unjudged)).code).toBe(1);
  expect((await models('activate', worse, '--margin', '8')).code).toBe(0);
  expect((await models('rollback')).code).toBe(0);
  expect((await models('activate', worse, '--force')).code).toBe(0);
  expect((await models('activate', unjudged)).code).toBe(0);
  const diff = await models('diff', good, worse);
  expect(diff.out).toContain('mAP 0.8500 → 0.7750 (−0.075) over 2 classes');
  expect(diff.out).toMatch(/GAINED .*\nb +0\.800 +0\.850 +\+0\.050\nLOST .*\na +0\.900 +0\.700 +−0\.200/);
  expect(diff.out).toContain('only in the second: c2');
  expect(await models('diff', good, unjudged)).toMatchObject({
    code: 1,
    err: `There is no evaluation of the model ${unjudged}.\n`,
  });
  const report = join(folder.path, 'report.html');
  const card = await models('show', good, '--report', report);
  expect(card.out).toMatch(/mAP +0\.6000 over 3 classes/);
  expect(await readFile(report, 'utf8')).toContain('<title>Report</title>');
  expect((await models('show', unjudged, '--report', `${report}2`)).err).toMatch(
    /^There is no report of the model/,
  );
});

test('what is no model, or damaged, or no id, is refused with one sentence', async () => {
  const { file, id } = await modelFile('own', shownBlock(['a'], 1));
  const bytes = await readFile(file);
  await writeFile(join(folder.path, 'letter'), 'Dear photo service, I have no model for you today.');
  await writeFile(join(folder.path, 'empty'), '');
  await writeFile(join(folder.path, 'changed'), bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1));
  await writeFile(join(folder.path, 'cut'), bytes);
  await truncate(join(folder.path, 'cut'), bytes.length - 100);
  const refused = async (...args: string[]) => {
    const { code, out, err } = await models(...args);
    expect([code, out, err.trim().split('\n')]).toEqual([1, '', [expect.any(String)]]);
    return err;
  };
  expect(await refused('import', join(folder.path, 'letter'))).toContain('it does not begin like one');
  expect(await refused('import', join(folder.path, 'empty'))).toContain('it is empty');
  expect(await refused('import', join(folder.path, 'changed'))).toContain('does not match its checksum');
  expect(await refused('import', join(folder.path, 'cut'))).toMatch(/it has \d+ bytes instead of/);
  expect(await refused('import', join(folder.path, 'nowhere'))).toContain('cannot be read');
  expect(await refused('activate', id)).toBe(`There is no model ${id}.\n`);
  expect(await refused('activate', 'abc')).toContain('give 6 to 64 of its hex digits');
  expect(await refused('show', '../../../etc/passwd')).toContain('hex digits');
  expect(await readdir(join(cluster.data.path, 'models', 'incoming'))).toEqual([]);
  expect((await client.ask('modelList', {}, {})).models).toHaveLength(1);
});

test('a model that is gone from the disk of a node is fetched again; so is one that was damaged there', async () => {
  const { file, id } = await modelFile('own', shownBlock(['a'], 1));
  await client.importModel(file);
  const cached = join(cluster.data.path, 'models', `${id}.model`);
  await writeFile(cached, (await readFile(cached)).fill(1, 5_000, 5_001));
  await client.activate(id);
  expect((await readFile(cached)).equals(await readFile(file))).toBe(true);
  await cluster.node.stop();
  await writeFile(cached, '');
  await cluster.restart();
  client = await cluster.connect();
  expect(await client.status()).toMatchObject({ model: id });
});

/** Another node of the cluster, with a data folder of its own. */
async function secondNode(): Promise<ClusterNode> {
  const nats = await joiningUrl({ url: cluster.node.url, dataFolder: cluster.data.path });
  return startClusterNode({ nats, name: 'n2' });
}

/** What the second node says of itself. */
async function secondSays(): Promise<unknown> {
  return (await client.ask('inspect', { node: 'n2', verb: 'node' }, {})).value;
}

test('another node fetches what is activated; one that cannot use it keeps the model before and says so', async () => {
  const { model: starter } = await client.status();
  const second = await secondNode();
  const place = (id: string) => join(second.data.path, 'models', `${id}.model`);
  try {
    const [fine, blocked] = await Promise.all([
      modelFile('fine', shownBlock(['a'], 1)),
      modelFile('blocked', shownBlock(['b'], 2)),
    ]);
    await client.importModel(fine.file);
    await client.importModel(blocked.file);
    await rm(place(fine.id), { force: true });
    await rm(place(blocked.id), { force: true });
    expect(await secondSays()).toMatchObject({ model: starter });
    await client.activate(fine.id);
    await until(async () => JSON.stringify(await secondSays()).includes(fine.id));
    expect((await readFile(place(fine.id))).equals(await readFile(fine.file))).toBe(true);
    // A folder where the file should be: it can neither be read nor written.
    await mkdir(join(place(blocked.id), 'taken'), { recursive: true });
    await activateOnFirst(blocked.id);
    const refusing = {
      model: fine.id,
      activation: 2,
      refused: { model: blocked.id, activation: 3, reason: expect.any(String) as string },
    };
    await until(async () => JSON.stringify(await secondSays()).includes('refused'));
    expect(await secondSays()).toMatchObject(refusing);
    // The same after a restart; it goes on trying.
    await second.node.stop();
    await second.restart();
    expect(await secondSays()).toMatchObject(refusing);
    await rm(place(blocked.id), { recursive: true });
    await until(async () => !JSON.stringify(await secondSays()).includes('refused'));
    expect(await secondSays()).toMatchObject({ model: blocked.id, activation: 3 });
  } finally {
    await second.dispose();
  }
});

/** Either node may be asked; the second one refuses what it cannot use itself. */
async function activateOnFirst(model: string): Promise<void> {
  await until(() =>
    client.activate(model).then(
      () => true,
      () => false,
    ),
  );
}

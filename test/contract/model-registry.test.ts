import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeModel } from '../../src/model/model-writer.ts';
import { clientOf } from '../../src/transport/client.ts';
import { Connection } from '../../src/transport/connection.ts';
import { ModelRegistry } from '../../src/transport/model-registry.ts';
import { maxPartBytes, ObjectBucket } from '../../src/transport/object-bucket.ts';
import type { ModelMetadata } from '../../src/transport/payloads.ts';
import { blockContents, modelContents, temporaryFolder } from '../support/model.ts';
import { startNats, type TestNats } from '../support/nats.ts';

const stream = 'OBJ_autotag-registry';

let nats: TestNats;
let connection: Connection;
let registry: ModelRegistry;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  registry = await ModelRegistry.open(connection);
  folder = await temporaryFolder();
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
  await folder.remove();
});

const metadata: ModelMetadata = {
  created: '2026-01-02T03:04:05Z',
  kind: 'trained',
  description: 'made up',
  parents: [],
  blocks: [{ name: 'block', extractor: 'lite0-1', score: 'softmax', classes: 2 }],
};

/** Writes a model file of some parts; another one for each name. */
async function modelFile(name: string, dims = 1280, classes = 300): Promise<{ file: string; id: string }> {
  const file = join(folder.path, `${name}.model`);
  const names = Array.from({ length: classes }, (_, index) => `${name} ${String(index)}`);
  return { file, id: await writeModel(file, modelContents(blockContents(names, dims))) };
}

async function storedBytes(): Promise<number> {
  const manager = await clientOf(connection).jetstreamManager();
  return (await manager.streams.info(stream)).state.messages;
}

test('a model is published once, found by the beginning of its id, and fetched as it was', async () => {
  const { file, id } = await modelFile('a');
  const evaluation = Buffer.from('{"classes": []}');
  const report = Buffer.alloc(2 * maxPartBytes + 7, 'é');
  expect(await registry.publish({ file, metadata, evaluation, report })).toBe(id);
  const messages = await storedBytes();
  expect(await registry.publish({ file, metadata })).toBe(id);
  expect(await storedBytes()).toBe(messages);
  const record = await registry.find(id.slice(0, 6));
  expect(record).toMatchObject({ ...metadata, id, bytes: (await readFile(file)).length });
  expect(await registry.find(id)).toEqual(record);
  expect(await registry.list()).toEqual([record]);
  const copy = join(folder.path, 'new folder', 'copy.model');
  await registry.fetch(id, copy);
  expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
  expect(await registry.document(id, 'evaluation')).toEqual(new Uint8Array(evaluation));
  expect(Buffer.compare((await registry.document(id, 'report'))!, report)).toBe(0);
  expect(await registry.has(id)).toBe(true);
});

test('what is not there is not found, and what is no id is refused', async () => {
  const { file, id } = await modelFile('a');
  await registry.publish({ file, metadata });
  const other = 'ab'.repeat(32) === id ? 'cd'.repeat(32) : 'ab'.repeat(32);
  await expect(registry.find(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(registry.fetch(other, join(folder.path, 'x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(registry.fetch('../x', join(folder.path, 'x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(registry.remove(other)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await registry.document(id, 'report')).toBeUndefined();
  for (const wrong of ['', 'abc', id.toUpperCase(), `${id}0`, '*', 'abcde.'])
    await expect(registry.find(wrong)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  expect(await readdir(folder.path)).toEqual(['a.model']);
});

test('an id that two models begin with is refused', async () => {
  const bucket = await ObjectBucket.open(connection, 'autotag-registry');
  for (const end of ['0', '1']) await bucket.put(`model/${'abcdef'.padEnd(63, '0')}${end}`, []);
  await expect(registry.find('abcdef')).rejects.toThrow(/2 models begin with abcdef; give more of the id/);
});

test('models share documents; removing one leaves those of the other, and no message behind', async () => {
  const [one, two] = [await modelFile('a'), await modelFile('b')];
  const evaluation = Buffer.from('{}');
  await registry.publish({ ...one, metadata, evaluation });
  await registry.publish({ ...two, metadata, evaluation });
  expect((await registry.list()).map(({ id }) => id)).toEqual([one.id, two.id]);
  await registry.remove(one.id);
  expect(await registry.has(one.id)).toBe(false);
  expect(await registry.document(two.id, 'evaluation')).toEqual(new Uint8Array(evaluation));
  await registry.remove(two.id);
  expect(await registry.list()).toEqual([]);
  expect(await storedBytes()).toBe(0);
});

test.each([
  ['changed', (bytes: Buffer) => bytes.fill(1, bytes.length >> 1, (bytes.length >> 1) + 1)],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 5)],
  ['empty', () => Buffer.alloc(0)],
])('a file that is %s is not published, and leaves nothing behind', async (_, damage) => {
  const { file } = await modelFile('a');
  await writeFile(file, damage(await readFile(file)));
  await expect(registry.publish({ file, metadata })).rejects.toMatchObject({ code: 'MODEL_DAMAGED' });
  expect(await registry.list()).toEqual([]);
  expect(await storedBytes()).toBe(0);
});

test('a stored object that was damaged is never handed on, and comes back by another publication', async () => {
  const { file, id } = await modelFile('a');
  await registry.publish({ file, metadata });
  const manager = await clientOf(connection).jetstreamManager();
  await manager.streams.deleteMessage(stream, 2);
  const copy = join(folder.path, 'copy.model');
  await expect(registry.fetch(id, copy)).rejects.toMatchObject({ code: 'OBJECT_DAMAGED' });
  expect(await readdir(folder.path)).toEqual(['a.model']);
  await registry.remove(id);
  await registry.publish({ file, metadata });
  await registry.fetch(id, copy);
  expect((await readFile(copy)).equals(await readFile(file))).toBe(true);
});

test('a publication that was cut off is invisible, and swept', async () => {
  const bucket = await ObjectBucket.open(connection, 'autotag-registry');
  const { file, id } = await modelFile('whole');
  await registry.publish({ file, metadata });
  const whole = await storedBytes();
  // As a killed node leaves it: parts, and no description.
  for (let part = 0; part < 3; part++)
    await clientOf(connection).jetstream().publish('$O.autotag-registry.C.cut', new Uint8Array(100));
  expect((await registry.list()).map((record) => record.id)).toEqual([id]);
  expect(await registry.sweep()).toBe(0);
  expect(await bucket.sweep(0)).toBe(1);
  expect(await storedBytes()).toBe(whole);
  await registry.fetch(id, join(folder.path, 'copy.model'));
});

test('where the disk or the store is full, nothing is published and the sentence says so', async () => {
  const { file, id } = await modelFile('a');
  const disk = { folder: folder.path, reserveBytes: Number.MAX_SAFE_INTEGER / 2 };
  const careful = await ModelRegistry.open(connection, { disk });
  await expect(careful.publish({ file, metadata })).rejects.toMatchObject({ code: 'DISK_RESERVE' });
  const manager = await clientOf(connection).jetstreamManager();
  const { config } = await manager.streams.info(stream);
  await manager.streams.update(stream, { ...config, max_bytes: 2 * maxPartBytes });
  await expect(registry.publish({ file, metadata })).rejects.toMatchObject({
    code: expect.stringMatching(/DISK_RESERVE|QUEUE_FULL/) as unknown,
  });
  expect(await registry.has(id)).toBe(false);
  expect(await storedBytes()).toBe(0);
  await manager.streams.update(stream, { ...config, max_bytes: -1 });
  expect(await registry.publish({ file, metadata })).toBe(id);
});

test('a full disk of whoever fetches leaves no file', async () => {
  const { file, id } = await modelFile('a');
  await registry.publish({ file, metadata });
  // /dev/full answers every write with ENOSPC; a folder in its place refuses the file.
  await expect(registry.fetch(id, '/dev/full/copy.model')).rejects.toMatchObject({ code: 'FILE_WRITE' });
  const handle = await open(join(folder.path, 'taken'), 'w');
  await handle.close();
  await expect(registry.fetch(id, join(folder.path, 'taken', 'copy'))).rejects.toMatchObject({
    code: 'FILE_WRITE',
  });
  expect((await readdir(folder.path)).sort()).toEqual(['a.model', 'taken']);
});

test('a broken connection ends a publication with a fault, and it can be done again', async () => {
  const bucket = await ObjectBucket.open(connection, 'autotag-registry');
  async function* parts(failing: boolean) {
    for (let part = 0; part < 20; part++) {
      if (failing && part === 10) await nats.kill();
      yield new Uint8Array(maxPartBytes).fill(part);
    }
  }
  await expect(bucket.put('x', parts(true))).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
  await nats.start();
  await connection.untilConnected(10_000);
  expect(await bucket.find('x')).toBeUndefined();
  await bucket.put('x', parts(false));
  let first = 0;
  for await (const part of bucket.read((await bucket.find('x'))!)) expect(part[0]).toBe(first++);
  expect(first).toBe(20);
  expect(await bucket.sweep(0)).toBe(1);
});

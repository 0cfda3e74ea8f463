import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { BundleFolder, removeUnfinished } from '../../src/cluster/bundle-folder.ts';
import { packBundle } from '../../src/transport/bundle.ts';
import { Bundles } from '../../src/transport/bundles.ts';
import { Connection } from '../../src/transport/connection.ts';
import { maxPartBytes, ObjectBucket } from '../../src/transport/object-bucket.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { startNats, type TestNats } from '../support/nats.ts';

let nats: TestNats;
let connection: Connection;
let bundles: Bundles;
let folder: string;
let unpacked: BundleFolder;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  bundles = await Bundles.open(connection);
  folder = await mkdtemp(join(tmpdir(), 'autotag-bundles-'));
  unpacked = new BundleFolder(folder, bundles, silentLog);
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
  await rm(folder, { recursive: true });
});

const bundle = packBundle([
  { path: 'mood.py', executable: false, bytes: Buffer.from('print(1)\n') },
  { path: 'bin/run.sh', executable: true, bytes: Buffer.from('#!/bin/sh\n') },
]);

test('a bundle is stored once, fetched, and unpacked with what may be run', async () => {
  await bundles.keep(bundle);
  await bundles.keep(bundle);
  const files = await unpacked.ready(bundle.id);
  expect(await readFile(join(files, 'mood.py'), 'utf8')).toBe('print(1)\n');
  expect((await stat(join(files, 'mood.py'))).mode & 0o111).toBe(0);
  expect((await stat(join(files, 'bin/run.sh'))).mode & 0o111).toBe(0o111);
  expect(await unpacked.ready(bundle.id)).toBe(files);
  expect(await readdir(folder)).toEqual([bundle.id]);
});

describe('a bundle with one flipped byte', () => {
  test.each(['files/mood.py', 'archive'])(
    'on the disk of a node is said, then fetched anew: %s',
    async (path) => {
      await bundles.keep(bundle);
      const files = await unpacked.ready(bundle.id);
      const damaged = join(folder, bundle.id, path);
      const bytes = await readFile(damaged);
      bytes[3] = (bytes[3] ?? 0) ^ 1;
      await writeFile(damaged, bytes);
      await expect(unpacked.ready(bundle.id)).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED' });
      expect(await unpacked.ready(bundle.id)).toBe(files);
      expect(await readFile(join(files, 'mood.py'), 'utf8')).toBe('print(1)\n');
    },
  );

  test('in the object store is said, and sent anew by the next deploy of it', async () => {
    await bundles.keep(bundle);
    const bucket = await ObjectBucket.open(connection, names.bundles);
    const archive = Uint8Array.from(bundle.archive);
    archive[40] = (archive[40] ?? 0) ^ 1;
    await bucket.put(bundle.id, [archive], { storedAt: String(Date.now()) });
    await expect(unpacked.ready(bundle.id)).rejects.toMatchObject({ code: 'BUNDLE_DAMAGED' });
    expect(await readdir(folder)).toEqual([]);
    await bundles.keep(bundle);
    await unpacked.ready(bundle.id);
  });
});

test('a bundle that is gone is a sentence', async () => {
  await expect(unpacked.ready(bundle.id)).rejects.toThrow('the cluster does not have it any more');
});

test('what a killed node has left half written, or was trying, is removed, and bundles stay', async () => {
  await bundles.keep(bundle);
  await unpacked.ready(bundle.id);
  for (const left of ['.half', join('trials', 'trial-x')]) {
    await mkdir(join(folder, left, 'files'), { recursive: true });
    await writeFile(join(folder, left, 'files', 'mood.py'), 'print(');
  }
  await removeUnfinished(folder);
  expect(await readdir(folder)).toEqual([bundle.id]);
  await removeUnfinished(join(folder, 'none'));
});

test('bundles that nothing names are removed: old ones from the cluster, all from a node', async () => {
  const bucket = await ObjectBucket.open(connection, names.bundles);
  const old = packBundle([{ path: 'old', executable: false, bytes: new Uint8Array(maxPartBytes + 1) }]);
  await bucket.put(old.id, [old.archive], { storedAt: String(Date.now() - 7_200_000) });
  await bundles.keep(bundle);
  await bundles.sweep(new Set([old.id]));
  expect((await bucket.names()).sort()).toEqual([bundle.id, old.id].sort());
  await bundles.sweep(new Set());
  expect(await bucket.names()).toEqual([bundle.id]);
  await bundles.keep(old);
  await unpacked.ready(old.id);
  await unpacked.ready(bundle.id);
  await unpacked.retain(new Set([bundle.id]));
  expect(await readdir(folder)).toEqual([bundle.id]);
});

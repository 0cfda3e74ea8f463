import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { builtEntry } from '../../../src/base/built-entry.ts';
import { BlobStore } from '../../../src/model/blob-store.ts';
import { EmbeddedFeatureStore } from '../../../src/model/feature-store/embedded-feature-store.ts';
import { SnapshotReader } from '../../../src/model/feature-store/snapshot-reader.ts';
import type { JoinRequest } from '../../../src/model/training-set/join-messages.ts';
import { joinInProcess } from '../../../src/model/training-set/join-process.ts';
import { joinTrainingSet } from '../../../src/model/training-set/join-training-set.ts';
import { until } from '../../support/until.ts';
import { withFolder } from '../../support/training-set.ts';

const extractor = { id: 'lite0', version: 1, dims: 4, parametersHash: 'a'.repeat(64) };

async function withRequest(use: (request: JoinRequest, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const store = await EmbeddedFeatureStore.open({
      folder: join(folder, 'store'),
      extractor,
      report: () => undefined,
    });
    const ids = Array.from({ length: 300 }, (_, index) => `photo ${String(index)}`);
    const features = (index: number) => ({
      offset: index,
      scale: 1,
      values: Uint8Array.of(index & 255, 1, 2, 3),
    });
    await store.append(ids.map((id, index) => ({ id, features: features(index) })));
    const labels = ids.flatMap((id, index) => [`even\t${id}\t${index % 2 === 0 ? 'TRUE' : 'FALSE'}\n`]);
    await writeFile(join(folder, 'labels'), labels.join(''));
    const snapshot = await store.snapshot();
    await use(
      {
        snapshot,
        labelFiles: [join(folder, 'labels')],
        folders: [],
        blobs: join(folder, 'blobs'),
        scratch: join(folder, 'scratch'),
      },
      folder,
    );
    await store.release(snapshot);
    await store.close();
  });
}

describe('joinInProcess', () => {
  it('gives what a join here gives, and its faults', async () => {
    await withRequest(async (request, folder) => {
      const features = await SnapshotReader.open(request.snapshot);
      const blobs = new BlobStore(request.blobs);
      const here = await joinTrainingSet({ ...request, features, extractor, blobs });
      await features.close();
      expect(await joinInProcess(request)).toEqual(here);
      expect(here.report.photos).toMatchObject({ stored: 300, learn: 226, heldOut: 74 });
      const missing = joinInProcess({ ...request, labelFiles: [join(folder, 'none')] });
      await expect(missing).rejects.toMatchObject({ code: 'FILE_READ' });
    });
  });

  it('is cancelled by its signal, before and in the middle', async () => {
    await withRequest(async (request, folder) => {
      await expect(joinInProcess(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'CANCELLED',
      });
      const controller = new AbortController();
      const joining = joinInProcess(request, {
        signal: controller.signal,
        onProgress: () => {
          controller.abort();
        },
      });
      await expect(joining).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(await readdir(folder)).not.toContain('scratch');
    });
  });

  it('ends with the thread that asked', async () => {
    await withRequest(async (request) => {
      const before = await children();
      const url = builtEntry('../../support/join-thread-entry', import.meta.url);
      const thread = new Worker(url, { workerData: request });
      let added: string[] = [];
      await until(async () => {
        added = (await children()).filter((pid) => !before.includes(pid));
        return added.length > 0;
      });
      await thread.terminate();
      await until(async () => (await Promise.all(added.map(hasEnded))).every(Boolean));
    });
  });
});

/** Processes that this one has started, whichever thread did. */
async function children(): Promise<string[]> {
  const threads = await readdir('/proc/self/task');
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/self/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter((pid) => pid !== ''));
}

/** A process whose thread is gone is reaped when this one ends; until then it is a zombie. */
async function hasEnded(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z ');
  return stat.includes(') Z ');
}

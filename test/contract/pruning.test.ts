import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prune, type PruningServices } from '../../actors/pruning-workflow.ts';
import { TrainingRecords } from '../../actors/training-records.ts';
import { Fault } from '../../src/base/errors.ts';
import { ModelLibrary } from '../../src/model/model-library.ts';
import { writeModel } from '../../src/model/model-writer.ts';
import { openNodeLink, type NodeLink } from '../../src/transport/node-link.ts';
import type { ModelMetadata } from '../../src/transport/payloads.ts';
import type { PhotoDelivery } from '../../src/transport/photo-delivery.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import type { PruneSpec } from '../../src/transport/run-spec.ts';
import { blockContents, modelContents, temporaryFolder } from '../support/model.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

const hourMs = 3_600_000;

let nats: TestNats;
let link: NodeLink;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let services: PruningServices;

beforeEach(async () => {
  nats = await startNats();
  link = await openNodeLink({ url: nats.url, name: 'n1' });
  folder = await temporaryFolder();
  const { tasks: queue, taskRecords: records, exchange, registry, activations, deadLetters, runs } = link;
  services = {
    ...{ registry, activations, deadLetters, runs, leftovers: { queue, records, exchange } },
    library: new ModelLibrary(folder.path, join(folder.path, 'starter.model'), registry),
    trained: new TrainingRecords(join(folder.path, 'training')),
  };
});

afterEach(async () => {
  await link.connection.close();
  await nats.stop();
  await folder.remove();
});

/** Prunes as a run that begins `afterMs` from now. */
async function pruned(spec: Omit<PruneSpec, 'kind' | 'dryRun'> & { dryRun?: boolean }, afterMs = 0) {
  const context = {
    ...{ run: { startedAt: Date.now() + afterMs }, signal: new AbortController().signal },
    progress: { at: () => undefined, steps: () => [] },
  };
  return await prune({ kind: 'prune', dryRun: false, ...spec }, context, services);
}

describe('dead letters', () => {
  async function bury(...ids: string[]): Promise<void> {
    const submitter = new PhotoSubmitter(link.connection);
    for (const id of ids) await submitter.submit({ id, bytes: new TextEncoder().encode(id) });
    const held: PhotoDelivery[] = [];
    const puller = link.queue.pull((photo) => held.push(photo), { window: ids.length });
    await until(() => held.length === ids.length);
    await puller.stop();
    for (const photo of held)
      await link.deadLetters.bury(photo, { fault: new Fault('PHOTO_EMPTY'), attempts: 1 });
  }

  test('that have lain for longer are gone, or would be', async () => {
    await bury('a', 'b');
    const wish = { deadAfterMs: hourMs };
    expect(await pruned(wish)).toMatchObject({ deadLetters: { count: 0, examples: [] } });
    const expected = { deadLetters: { count: 2, examples: [{ id: 'a', code: 'PHOTO_EMPTY' }, { id: 'b' }] } };
    expect(await pruned({ ...wish, dryRun: true }, 2 * hourMs)).toMatchObject({ dryRun: true, ...expected });
    expect((await link.deadLetters.status()).messages).toBe(2);
    expect(await pruned(wish, 2 * hourMs)).toMatchObject({ dryRun: false, ...expected });
    expect((await link.deadLetters.status()).messages).toBe(0);
  });
});

describe('models', () => {
  const metadata: ModelMetadata = {
    ...{ created: '2026-01-02T03:04:05Z', kind: 'trained', description: 'made up', parents: [] },
    blocks: [{ name: 'block', extractor: 'lite0-1', score: 'softmax', classes: 2 }],
  };

  async function publish(name: string, kind: ModelMetadata['kind'] = 'trained'): Promise<string> {
    const file = join(folder.path, `${name}.made`);
    await writeModel(file, modelContents(blockContents([`${name} 0`, `${name} 1`], 1280)));
    return await link.registry.publish({ file, metadata: { ...metadata, kind } });
  }

  test('but the last ones are gone; not the starter, what is in use, what was before, and what is learned on', async () => {
    const starter = await publish('starter', 'starter');
    const [first, second, third] = [await publish('1'), await publish('2'), await publish('3')];
    const [before, inUse, last] = [await publish('4'), await publish('5'), await publish('6')];
    for (const id of [first, before, inUse]) await link.activations.activate(id);
    await services.trained.keep(second, { set: { labels: { id: '0'.repeat(64) } } } as never);
    const expected = {
      models: { count: 2, examples: [{ model: first.slice(0, 12) }, { model: third.slice(0, 12) }] },
    };
    expect(await pruned({ keepModels: 1, dryRun: true })).toMatchObject(expected);
    expect(await link.registry.list()).toHaveLength(7);
    expect(await pruned({ keepModels: 1 })).toMatchObject(expected);
    const left = (await link.registry.list()).map(({ id }) => id);
    expect(left.sort()).toEqual([starter, second, before, inUse, last].sort());
    expect(await pruned({ keepModels: 1 })).toMatchObject({ models: { count: 0 } });
  });
});

describe('runs', () => {
  test('that ended long ago are forgotten, with what they have left; the latest of a kind is not', async () => {
    const failed = await link.runs.start('train', 'n1', null);
    const key = { run: failed.id, key: 'learn/1' };
    await link.tasks.add({ ...key, node: 'n1', kind: 'learn', parameters: null, inputs: [] });
    await link.taskRecords.put(key.run, key.key, { state: 'waiting', attempts: 1 }, 0);
    await link.runs.end(failed.id, { state: 'failed', fault: new Fault('WORKER_STUCK') });
    const latest = await link.runs.start('train', 'n1', null);
    await link.runs.end(latest.id, { state: 'done' });
    const running = await link.runs.start('tag', 'n1', null);
    // Resumed after another was started, it is the latest.
    const resumed = await link.runs.start('rescore', 'n1', null);
    await link.runs.end(resumed.id, { state: 'cancelled' });
    const between = await link.runs.start('rescore', 'n1', null);
    await link.runs.end(between.id, { state: 'done' });
    await link.runs.reopen(resumed.id, 'n1');
    await link.runs.end(resumed.id, { state: 'cancelled' });
    const wish = { runsAfterMs: hourMs };
    expect(await pruned(wish)).toMatchObject({ runs: { count: 0 } });
    expect(await pruned(wish, 2 * hourMs)).toMatchObject({
      runs: { count: 2, examples: expect.arrayContaining([{ id: failed.id, state: 'failed' }]) as unknown },
    });
    expect((await link.runs.list()).map(({ id }) => id).sort()).toEqual(
      [latest.id, running.id, resumed.id].sort(),
    );
    expect((await link.tasks.status()).messages).toBe(0);
    expect(await link.taskRecords.get(key.run, key.key)).toBeUndefined();
  });
});

import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runOfJob } from '../../actors/scheduled-job.ts';
import { writeModel } from '../../src/model/model-writer.ts';
import { Connection } from '../../src/transport/connection.ts';
import { ModelRegistry } from '../../src/transport/model-registry.ts';
import type { ModelMetadata } from '../../src/transport/payloads.ts';
import { scheduledJob } from '../../src/transport/run-spec.ts';
import { blockContents, modelContents, temporaryFolder } from '../support/model.ts';
import { startNats, type TestNats } from '../support/nats.ts';

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

async function publish(name: string, kind: ModelMetadata['kind']): Promise<string> {
  const file = join(folder.path, `${name}-${kind}.model`);
  await writeModel(file, modelContents(blockContents([`${name} ${kind}`, 'other'], 1280)));
  const blocks = [{ name, extractor: 'lite0-1', score: 'softmax', classes: 2 }];
  const metadata = { created: '2026-01-02T03:04:05Z', kind, description: 'made up', parents: [], blocks };
  return await registry.publish({ file, metadata });
}

test('the latest model is the one that was trained last, of the name that is given; none before there is one', async () => {
  const job = scheduledJob.parse({ kind: 'train', labels: ['/data/labels.tsv'], update: 'latest' });
  expect(await runOfJob(job, registry)).not.toHaveProperty('update');
  const birds = await publish('birds', 'trained');
  const cars = await publish('cars', 'trained');
  await publish('cars', 'preview');
  await publish('birds', 'composed');
  expect(await runOfJob(job, registry)).toMatchObject({ labels: ['/data/labels.tsv'], update: cars });
  expect(await runOfJob({ ...job, name: 'birds' } as typeof job, registry)).toMatchObject({ update: birds });
  expect(await runOfJob({ ...job, name: 'trees' } as typeof job, registry)).not.toHaveProperty('update');
  expect(await runOfJob({ ...job, update: 'abcdef' } as typeof job, registry)).toMatchObject({
    update: 'abcdef',
  });
  const rescore = scheduledJob.parse({ kind: 'rescore' });
  expect(await runOfJob(rescore, registry)).toBe(rescore);
});

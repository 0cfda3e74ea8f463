import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import type { RunRecord } from '../../src/transport/payloads.ts';
import { tagSpec } from '../../src/transport/run-spec.ts';
import { labelledPhotos, pixelLines, writeLines } from '../support/labelled-photos.ts';
import { temporaryFolder } from '../support/model.ts';
import { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/until.ts';

const kills = 2;
const perSplit = 8;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: NodeProcess;

beforeAll(async () => {
  [folder, node] = await Promise.all([
    temporaryFolder(),
    NodeProcess.start({ threads: 1, jobThreads: 1, ackWaitMs: 1_500 }),
  ]);
}, 120_000);

afterAll(async () => {
  await node.dispose();
  await folder.remove();
});

async function begin(pixels: string, out: string, rate?: number): Promise<string> {
  const client = await node.connect();
  try {
    const limit = rate === undefined ? {} : { rate };
    const spec = tagSpec.parse({ kind: 'tag', pixels: [pixels], out, ...limit });
    return (await client.ask('runStart', { node: 'n1' }, spec)).id;
  } finally {
    await client.close();
  }
}

/** Waits until a run is as it is wanted; meanwhile nobody may answer. */
async function untilRun(id: string, isWanted: (run: RunRecord) => boolean): Promise<RunRecord> {
  let found: RunRecord | undefined;
  await until(async () => {
    try {
      const client = await node.connect();
      found = (await client.ask('runList', {}, { run: id }).finally(() => client.close())).runs[0];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
    return found !== undefined && isWanted(found);
  }, 60_000);
  return found!;
}

test('a run whose node is killed time and again goes on where it was, and ends with the same bytes', async () => {
  const photos = await labelledPhotos(5 * perSplit);
  const lines = pixelLines(photos);
  const damaged = `damaged\t${Buffer.from(photos[0]!.bytes.subarray(0, 300)).toString('base64')}`;
  const pixels = await writeLines(join(folder.path, 'photos.tsv.gz'), [...lines, lines[3]!, damaged]);
  const [calm, killed] = [join(folder.path, 'calm'), join(folder.path, 'killed')];
  const undisturbed = await untilRun(await begin(pixels, calm), ({ state }) => state === 'done');

  const id = await begin(pixels, killed, perSplit);
  let done = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    ({ progress: { done } = { done } } = await untilRun(id, ({ progress }) => (progress?.done ?? 0) > done));
    await node.kill();
    await node.start();
  }
  const end = await untilRun(id, ({ state }) => state !== 'running');
  expect(end.state).toBe('done');
  expect(done).toBeGreaterThanOrEqual(kills * perSplit);
  const photosOf = ({ detail }: RunRecord) => (detail as { photos: unknown }).photos;
  expect(photosOf(end)).toEqual(photosOf(undisturbed));
  expect(await readFile(killed)).toEqual(await readFile(calm));
  await until(async () => (await readdir(join(node.data.path, 'blobs'))).length === 0);
}, 180_000);

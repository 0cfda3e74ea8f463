import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Fault } from '../../src/base/errors.ts';
import { runRecord, type RunRecord } from '../../src/transport/payloads.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { labelledPhotos, pixelLines, writeLines, type LabelledPhoto } from '../support/labelled-photos.ts';
import { temporaryFolder } from '../support/model.ts';
import { NodeProcess } from '../support/node-process.ts';
import { fillWithPhotos, madeBlock, madeRows, writeMadeModel } from '../support/rescored-photos.ts';
import { until } from '../support/until.ts';

const detail = z.object({
  model: z.string(),
  activation: z.number(),
  photos: z.object({
    stored: z.number(),
    rescored: z.number(),
    changed: z.number(),
    superseded: z.number(),
  }),
  notRescored: z.object({ count: z.number(), examples: z.array(z.string()) }),
});

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(async () => {
  await folder.remove();
});

describe('photos that were tagged, on a node whose model has changed', () => {
  let cluster: ClusterNode;
  let client: ClusterClient;
  let photos: LabelledPhoto[];

  beforeAll(async () => {
    [cluster, photos] = await Promise.all([startClusterNode({ jobThreads: 1 }), labelledPhotos(9)]);
    client = await cluster.connect();
    await submit(photos);
  });

  afterAll(async () => {
    await cluster.dispose();
  });

  async function submit(some: readonly Pick<LabelledPhoto, 'id' | 'bytes'>[]): Promise<void> {
    for (const { id, bytes } of some) await client.submit({ id, bytes });
    await until(() => some.every(({ id }) => client.results.has(id)));
  }

  async function run(...args: string[]) {
    const cli = new CapturedCli();
    const code = await cli.run(...args, '--nats', cluster.node.url, '--data', cluster.data.path);
    return { code, out: cli.out, err: cli.err, value: () => cli.values[0] };
  }

  /** What scoring again came to. */
  async function rescore(...args: string[]) {
    const { code, err, value } = await run('tag', '--stored', '--json', ...args);
    expect([code, err]).toEqual([0, '']);
    return detail.parse(runRecord.parse(value()).detail);
  }

  async function tagsOf(id: string) {
    const { result } = await client.photo(id);
    if (result === undefined || 'error' in result) throw new Error(`${id} has no tags`);
    return result;
  }

  test('have the tags and scores, to the last bit kept, that their pixels get from it', async () => {
    const file = await writeMadeModel(folder.path, madeBlock('lite0', 80, { threshold: 0.6 }));
    const model = await client.importModel(file);
    await client.activate(model);
    const before = await tagsOf(photos[0]!.id);
    expect(await rescore()).toMatchObject({
      model,
      activation: 2,
      photos: { stored: 9, rescored: 9, changed: 9, superseded: 0 },
      notRescored: { count: 0, examples: [] },
    });
    expect((await tagsOf(photos[0]!.id)).tags).not.toEqual(before.tags);

    await submit(photos.map(({ id, bytes }) => ({ id: `again ${id}`, bytes })));
    const [input, out] = [join(folder.path, 'photos.tsv'), join(folder.path, 'tags.tsv')];
    await writeLines(input, pixelLines(photos));
    expect((await run('tag', '--pixels', input, '--out', out)).code).toBe(0);
    const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
    for (const [index, { id }] of photos.entries()) {
      const stored = await tagsOf(id);
      expect(stored.model).toBe(model);
      expect(stored.tags.length).toBeGreaterThan(0);
      expect(stored.tags).toEqual((await tagsOf(`again ${id}`)).tags);
      const pixels = JSON.parse(lines[index]!.split('\t')[1]!) as Record<string, number>;
      const asKept = Object.entries(pixels).map(([tag, score]) => ({
        tag,
        score: Math.round(score * 10_000) / 10_000,
      }));
      expect(stored.tags).toEqual(asKept);
    }
    const [first] = (await tagsOf(photos[0]!.id)).tags;
    expect((await run('search', `"${first!.tag}"`, '--json')).out).toContain(photos[0]!.id);
  });

  test('are left alone when they are of the model in use; all of them, and nothing changes', async () => {
    expect((await rescore('--stale')).photos).toMatchObject({ stored: 18, rescored: 0 });
    expect((await rescore('--all')).photos).toMatchObject({ stored: 18, rescored: 18, changed: 0 });
  });

  test('without the features that it wants are counted and listed, and keep what they have', async () => {
    const both = [madeBlock('hog', 40, { threshold: 0.55 }), madeBlock('lite0', 40, { threshold: 0.6 })];
    const first = await client.importModel(await writeMadeModel(folder.path, ...both));
    await client.activate(first);
    await submit(photos.slice(0, 3).map(({ id, bytes }) => ({ id: `both ${id}`, bytes })));
    const other = both.map((block, index) => ({
      ...madeBlock(index === 0 ? 'hog' : 'lite0', 40, { seed: 7, threshold: 0.55 }),
      name: block.name,
    }));
    await client.activate(await client.importModel(await writeMadeModel(folder.path, ...other)));
    const before = await tagsOf(photos[0]!.id);
    const { notRescored, ...rest } = await rescore();
    expect(rest.photos).toMatchObject({ stored: 21, rescored: 3, changed: 3 });
    expect(notRescored.count).toBe(18);
    expect(notRescored.examples).toContain(photos[0]!.id);
    expect(await tagsOf(photos[0]!.id)).toEqual(before);
    await submit([{ id: 'anew', bytes: photos[1]!.bytes }]);
    expect((await tagsOf(`both ${photos[1]!.id}`)).tags).toEqual((await tagsOf('anew')).tags);
  });
});

describe('a node that is killed, and then its nats-server, while it scores photos again', () => {
  const count = 12_000;
  let node: NodeProcess;

  beforeAll(async () => {
    node = await NodeProcess.start({ threads: 1, jobThreads: 1, ackWaitMs: 1_500 });
    await node.stop();
    await fillWithPhotos(node.data.path, count);
    await node.start();
  }, 120_000);

  afterAll(async () => {
    await node.dispose();
  });

  /** The run as it is now; nothing while nobody answers. */
  async function look(id: string): Promise<RunRecord | undefined> {
    let client: ClusterClient | undefined;
    try {
      client = await node.connect();
      return (await client.ask('runList', {}, { run: id })).runs[0];
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    } finally {
      await client?.close();
    }
  }

  async function untilRun(id: string, condition: (run: RunRecord) => boolean): Promise<RunRecord> {
    let found: RunRecord | undefined;
    await until(async () => {
      found = await look(id);
      return found !== undefined && condition(found);
    }, 90_000);
    return found!;
  }

  test('goes on where it was, and gives what an undisturbed run gives', async () => {
    const file = await writeMadeModel(folder.path, madeBlock('lite0', 600, { seed: 3, threshold: 0.95 }));
    const client = await node.connect();
    const model = await client.importModel(file);
    await client.activate(model);
    const { id } = await client.ask('runStart', { node: 'n1' }, { kind: 'rescore', which: 'stale' });
    await client.close();

    await untilRun(id, ({ progress }) => (progress?.done ?? 0) > 0);
    await node.kill();
    await node.start();
    process.kill(Number(await readFile(join(node.data.path, 'nats', 'nats-server.pid'), 'utf8')), 'SIGKILL');
    const end = await untilRun(id, ({ state }) => state !== 'running');
    expect(end.state).toBe('done');
    const resumed = detail.parse(end.detail);
    expect(resumed.photos.stored).toBe(count);
    expect(resumed.photos.rescored).toBeLessThan(count);
    await node.stop();

    const rows = await madeRows(node.data.path, count);
    expect(new Set(rows.map((row) => row.model))).toEqual(new Set([model]));
    expect(rows.filter(({ tags }) => tags.some(({ tag }) => tag === 'before'))).toEqual([]);
    expect(rows.filter(({ tags }) => tags.length > 0).length).toBeGreaterThan(count / 2);
    for (const [index, { attributes, submission }] of rows.entries()) {
      expect(submission.sequence).toBe(index + 1);
      expect(attributes).toEqual(index % 3 === 0 ? { camera: index } : undefined);
    }

    await node.start();
    const again = await node.connect();
    const all = await again.ask('runStart', { node: 'n1' }, { kind: 'rescore', which: 'all' });
    await again.close();
    const undisturbed = detail.parse((await untilRun(all.id, ({ state }) => state !== 'running')).detail);
    expect(undisturbed.photos).toEqual({ stored: count, rescored: count, changed: 0, superseded: 0 });
  }, 180_000);
});

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { CapturedCli } from '../support/captured-cli.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { readMetric } from '../support/metrics.ts';
import { encoder, paint, quadrants } from '../support/photos.ts';
import { until } from '../support/until.ts';

const nodes: ClusterNode[] = [];

afterEach(async () => {
  for (const node of nodes.splice(0).reverse()) await node.dispose();
});

async function start(options: Parameters<typeof startClusterNode>[0]): Promise<ClusterNode> {
  const node = await startClusterNode(options);
  nodes.push(node);
  return node;
}

const photo = () =>
  encoder(quadrants(640, 480))
    .withExif({ IFD0: { Artist: 'Ada' } })
    .jpeg()
    .toBuffer();

test('each photo has a thumbnail, which goes with it', async () => {
  const cluster = await start({ thumbnailPx: 320 });
  const client = await cluster.connect();
  // Of this one, rows are missing where no extractor looks.
  const noise = paint(640, 960, (x, y) => [(x * 37) % 256, (y * 91) % 256, (x * y) % 256]);
  const whole = await encoder(noise).jpeg({ quality: 100 }).toBuffer();
  await client.submit({ id: 'a', bytes: await photo() });
  await client.submit({ id: 'cut', bytes: whole.subarray(0, whole.length * 0.95) });
  await until(() => ['a', 'cut'].every((id) => client.results.has(id)), 40_000);

  const { thumbnail } = await client.ask('thumbnail', {}, { id: 'a' });
  expect(thumbnail).toMatchObject({
    type: 'image/webp',
    etag: expect.stringMatching(/^[\w-]{22}$/) as unknown,
  });
  const bytes = Buffer.from(thumbnail!.bytes);
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 320, height: 240 });
  expect(bytes.includes('Ada')).toBe(false);
  expect((await client.photo('cut')).result).toMatchObject({ tags: expect.any(Array) as unknown });
  expect(await client.ask('thumbnail', {}, { id: 'cut' })).toEqual({});
  const counted = (outcome: string) =>
    readMetric(cluster.node.httpUrl, 'autotag_thumbnails_total', `outcome="${outcome}"`);
  expect([await counted('made'), await counted('failed')]).toEqual([1, 1]);
  await until(async () => (await readMetric(cluster.node.httpUrl, 'autotag_thumbnail_bytes')) > bytes.length);
  expect((await client.status())['thumbnails']).toMatchObject({ bytes: expect.any(Number) as unknown });

  const cli = new CapturedCli();
  const out = join(cluster.data.path, 'a.webp');
  const at = ['--nats', cluster.node.url];
  expect(await cli.run('thumbnail', 'a', '--out', out, ...at)).toBe(0);
  expect(bytes.equals(await readFile(out))).toBe(true);
  expect(await new CapturedCli().run('thumbnail', 'a', '--out', out, ...at)).toBe(1);
  const missing = new CapturedCli();
  expect(await missing.run('thumbnail', 'cut', '--out', `${out}2`, ...at)).toBe(1);
  expect(missing.err).toContain('--thumbnail-px');
  await expect(stat(`${out}2`)).rejects.toMatchObject({ code: 'ENOENT' });

  expect(await client.ask('forget', {}, { id: 'a' })).toMatchObject({ stored: 1, thumbnails: 1 });
  expect(await client.ask('thumbnail', {}, { id: 'a' })).toEqual({});
  await client.submit({ id: 'a', bytes: await photo(), rerun: 1 });
  await until(async () => (await client.ask('thumbnail', {}, { id: 'a' })).thumbnail !== undefined, 40_000);
});

test('there is none without being asked for', async () => {
  const cluster = await start({});
  const client = await cluster.connect();
  await client.submit({ id: 'a', bytes: await photo() });
  await until(() => client.results.has('a'), 40_000);
  expect(await client.ask('thumbnail', {}, { id: 'a' })).toEqual({});
  expect(await readMetric(cluster.node.httpUrl, 'autotag_thumbnails_total')).toBe(0);
});

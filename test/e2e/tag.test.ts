import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runRecord } from '../../src/transport/payloads.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { labelledPhotos, pixelLines, writeLines, type LabelledPhoto } from '../support/labelled-photos.ts';
import { temporaryFolder } from '../support/model.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;
let folder: string;
let remove: () => Promise<void>;
let photos: LabelledPhoto[];

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  [cluster, photos] = await Promise.all([startClusterNode({ jobThreads: 1 }), labelledPhotos(12)]);
  client = await cluster.connect();
});

afterAll(async () => {
  await cluster.dispose();
  await remove();
});

async function run(...args: string[]) {
  const cli = new CapturedCli();
  const code = await cli.run('tag', ...args, '--nats', cluster.node.url, '--data', cluster.data.path);
  return { code, out: cli.out, err: cli.err, values: () => cli.values };
}

const at = (name: string) => join(folder, name);

/** Photo ids of a file of results, in its order. */
async function idsOf(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => line.split('\t')[0]!);
}

async function failures(...args: string[]) {
  return (await run('failures', ...args, '--json')).values();
}

const cut = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 300)).toString('base64');

test('photos of files, folders and lists come into one file, each once; results that are there are not replaced', async () => {
  const [input, list, out] = [at('photos.tsv.gz'), at('list'), at('tags.tsv')];
  await writeLines(input, pixelLines(photos.slice(0, 3)));
  await mkdir(at('folder/sub'), { recursive: true });
  await writeFile(at('folder/b.jpg'), photos[3]!.bytes);
  await writeFile(at('folder/sub/a.jpg'), photos[4]!.bytes);
  await writeFile(list, 'folder/b.jpg\nfolder/none.jpg\nb.jpg\n');
  await writeFile(at('b.jpg'), photos[5]!.bytes);
  const inputs = ['--pixels', input, input, '--folders', at('folder'), '--list', list];
  const { code, out: shown } = await run(...inputs, '--out', out);
  expect(code).toBe(0);
  expect(shown).toMatch(/photos +tagged 6, failed 5\n/);
  const ids = photos.slice(0, 3).map(({ id }) => id);
  expect(await idsOf(out)).toEqual([...ids, 'b.jpg', 'sub/a.jpg', 'folder/b.jpg']);
  expect(await failures()).toMatchObject([
    ...ids.map((_, index) => ({ file: input, line: index + 1, code: 'duplicate' })),
    { file: at('folder/none.jpg'), code: 'unreadable' },
    { file: at('b.jpg'), code: 'duplicate' },
  ]);
  const again = await run(...inputs, '--out', out);
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringMatching(/it is there already;.* --overwrite\.\n$/),
  ]);
  expect((await run(...inputs, '--out', out, '--overwrite')).code).toBe(0);
});

describe('photos that cannot be tagged', () => {
  const out = 'failing.tsv';

  test('are records with file, line and reason; all others have their tags', async () => {
    const lines = pixelLines(photos.slice(0, 3));
    const empty = 'empty\tZm9v';
    const file = await writeLines(at('failing'), [
      ...lines.slice(0, 1),
      `cut\t${cut(photos[4]!.bytes)}`,
      'no tab',
      ...lines.slice(1, 2),
      'letters\tnot base64!',
      empty,
      ...lines.slice(2),
    ]);
    expect((await run('--pixels', file, '--out', at(out))).code).toBe(0);
    expect(await idsOf(at(out))).toEqual(photos.slice(0, 3).map(({ id }) => id));
    const found = await failures();
    expect(found).toHaveLength(4);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ file, line: 2, id: 'cut', code: 'PHOTO_DAMAGED' }),
        { file, line: 3, code: 'fields', message: 'Line 3 has no tab between photo id and pixels.' },
        expect.objectContaining({ file, line: 5, code: 'base64' }),
        expect.objectContaining({ file, line: 6, id: 'empty', code: 'PHOTO_FORMAT' }),
      ]),
    );
    expect((await run('failures')).out).toContain(`${file}:2\tcut\tPHOTO_DAMAGED\t`);
  });

  test('are tried again into a file of their own, with what has been added since', async () => {
    const file = at('failing');
    const text = await readFile(file, 'utf8');
    const whole = Buffer.from(photos[4]!.bytes).toString('base64');
    const mended = text.replace(/cut\t.*/, `cut\t${whole}`).replace('no tab', `tab\t${whole}`);
    await writeFile(file, mended.replace(/empty\t.*/, `other\t${whole}`));
    await appendFile(file, `${pixelLines(photos.slice(6, 7)).join('')}\n`);
    const { code, out: shown } = await run('retry');
    expect([code, shown]).toEqual([0, expect.stringMatching(/photos +tagged 4, failed 1, passed over 3\n/)]);
    expect(await idsOf(at(`${out}.retry`))).toEqual(['cut', 'tab', 'other', photos[6]!.id]);
    expect(await failures()).toMatchObject([{ file, line: 5, code: 'base64' }]);
  });
});

test('photos that searches know are passed over', async () => {
  const [known, unknown] = photos.slice(7, 9);
  await client.submit({ id: known!.id, bytes: known!.bytes });
  await until(() => client.results.has(known!.id));
  const input = await writeLines(at('some.tsv'), pixelLines([known!, unknown!]));
  const { out: shown } = await run('--pixels', input, '--out', at('some-tags'), '--only', 'unprocessed');
  expect(shown).toMatch(/photos +tagged 1, passed over 1\n/);
  expect(await idsOf(at('some-tags'))).toEqual([unknown!.id]);
});

test('a run rests and goes on, at a limited rate, and its file is that of an undisturbed one', async () => {
  const input = await writeLines(at('all.tsv'), pixelLines(photos));
  expect((await run('--pixels', input, '--out', at('calm'))).code).toBe(0);
  const begun = await run(
    '--pixels',
    input,
    '--out',
    at('rested'),
    '--limit-rate',
    '3',
    '--detach',
    '--json',
  );
  const { id } = runRecord.parse(begun.values()[0]);
  const record = async () => (await client.ask('runList', {}, { run: id })).runs[0]!;
  await until(async () => ((await record()).progress?.done ?? 0) >= 3, 60_000);
  expect((await run('pause')).out).toContain(`Paused ${id};`);
  const paused = await record();
  expect(paused).toMatchObject({ state: 'paused', progress: { total: 0 } });
  expect(paused.progress?.share).toBeGreaterThan(0);
  expect((await run('resume', id)).code).toBe(0);
  expect((await record()).updatedAt - paused.startedAt).toBeGreaterThan(2_000);
  expect(await readFile(at('rested'))).toEqual(await readFile(at('calm')));
});

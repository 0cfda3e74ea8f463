import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { runRecord } from '../../src/transport/payloads.ts';
import { CapturedCli } from '../support/captured-cli.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import {
  colourNames,
  labelledPhotos,
  labelLines,
  pixelLines,
  shapeNames,
  writeFolders,
  writeLines,
  type LabelledPhoto,
} from '../support/labelled-photos.ts';
import { temporaryFolder } from '../support/model.ts';
import { until } from '../support/until.ts';

let cluster: ClusterNode;
let client: ClusterClient;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let photos: LabelledPhoto[];
let unseen: LabelledPhoto[];
/** The model that the first test trains. */
let model: string;

beforeAll(async () => {
  [folder, cluster, photos, unseen] = await Promise.all([
    temporaryFolder(),
    startClusterNode(),
    labelledPhotos(180, 1),
    labelledPhotos(9, 2),
  ]);
  client = await cluster.connect();
});

afterAll(async () => {
  await cluster.dispose();
  await folder.remove();
});

/** Runs a command to its end. */
async function run(...args: string[]) {
  const cli = new CapturedCli();
  const code = await cli.run(...args, '--nats', cluster.node.url, '--data', cluster.data.path);
  return { code, out: cli.out, err: cli.err, value: () => cli.values[0] };
}

const trained = z.object({
  model: z.string(),
  classes: z.number(),
  evaluation: z.looseObject({ meanAveragePrecision: z.number() }),
});

/** What a run that was followed with `--json` came to. */
function detailOf({ value, err }: Awaited<ReturnType<typeof run>>) {
  expect(err).toBe('');
  return trained.parse(runRecord.parse(value()).detail);
}

/** A run as it is now. */
async function recordOf(id: string) {
  return (await client.ask('runList', {}, { run: id })).runs[0]!;
}

/** Inserts lines after the first `count`. */
function withLines(lines: readonly string[], count: number, ...more: string[]): string[] {
  return [...lines.slice(0, count), ...more, ...lines.slice(count)];
}

test('photos and labels of files become a model; what does not fit is named by file and line', async () => {
  const pixels = await writeLines(
    join(folder.path, 'photos.tsv.gz'),
    withLines(
      pixelLines(photos),
      60,
      'no tab here',
      `cut photo\t${Buffer.from(photos[0]!.bytes.subarray(0, 400)).toString('base64')}`,
      `letters\tnot base64!`,
    ),
  );
  const labels = await writeLines(
    join(folder.path, 'labels.tsv'),
    withLines(
      labelLines(photos),
      100,
      'red\tphoto 1-1\tMAYBE',
      'red',
      'red\tnobody\tTRUE',
      'lonely\tphoto 1-3\tTRUE',
    ),
  );
  const training = await run(
    'train',
    '--pixels',
    pixels,
    '--labels',
    labels,
    '--name',
    'shapes',
    '--assume-negative',
  );
  expect([training.code, training.err]).toEqual([0, expect.stringContaining('describe (after')]);
  expect(training.out).toContain(`${labels}, line 101 `);
  expect(training.out).toContain(`${labels}, line 102 `);
  expect(training.out).toContain(`${pixels}, line 61 `);
  expect(training.out).toContain(`${pixels}, line 63 `);
  expect(training.out).toContain('cut photo');
  const status = await run('train', 'status', '--json');
  const { classes, evaluation, ...detail } = detailOf(status);
  ({ model } = detail);
  expect(classes).toBe(6);
  expect(evaluation.meanAveragePrecision).toBeGreaterThan(0.9);
});

test('the model is in the registry, with its report; put in use, it tags uploads', async () => {
  const list = await run('models', 'list');
  expect(list.out).toMatch(new RegExp(`${model.slice(0, 12)} .* trained +6 `));
  expect(list.out).toMatch(/ preview +6 /);
  expect((await run('models', 'show', model)).out).toMatch(/block +shapes: 6 classes, lite0-1, platt/);
  const report = join(folder.path, 'report.html');
  expect((await run('models', 'show', model, '--report', report)).code).toBe(0);
  expect(await readFile(report, 'utf8')).toMatch(/^<!doctype html>/i);
  expect((await run('models', 'activate', model)).code).toBe(0);

  for (const { id, bytes } of unseen) await client.submit({ id, bytes });
  await until(() => unseen.every(({ id }) => client.results.has(id)));
  const red = unseen.filter(({ colour }) => colour === 'red').map(({ id }) => id);
  const found = await run('search', 'red', '--json');
  const ids = z.object({ photos: z.array(z.object({ id: z.string() })) }).parse(found.value());
  expect(ids.photos.length).toBeGreaterThan(0);
  for (const { id } of ids.photos) expect(red).toContain(id);
});

test('a file is tagged with the model, in its order; a damaged photo is named', async () => {
  const input = await writeLines(
    join(folder.path, 'unseen.tsv'),
    withLines(
      pixelLines(unseen),
      4,
      `cut\t${Buffer.from(photos[1]!.bytes.subarray(0, 400)).toString('base64')}`,
    ),
  );
  const out = join(folder.path, 'tags.tsv');
  const tagging = await run(
    'tag',
    '--pixels',
    input,
    '--out',
    out,
    '--model',
    model.slice(0, 10),
    '--scores',
    'all',
  );
  expect(tagging.code).toBe(0);
  expect(tagging.out).toMatch(/photos +tagged 9, failed 1\n(?:.*\n)* +cut: The photo is cut off/);
  const lines = (await readFile(out, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(lines.map(([id]) => id)).toEqual(unseen.map(({ id }) => id));
  for (const [index, { colour, shape }] of unseen.entries()) {
    const scores = JSON.parse(lines[index]![1]!) as Record<string, number>;
    const best = (names: readonly string[]) => names.toSorted((a, b) => scores[b]! - scores[a]!)[0];
    expect(Object.keys(scores)).toHaveLength(6);
    expect([best(colourNames), best(shapeNames)]).toEqual([colour, shape]);
  }
});

test('an update learns a class more, and is put in use', async () => {
  const more = photos.map(({ id, colour }) => `warm\t${id}\t${colour === 'red' ? 'TRUE' : 'FALSE'}`);
  const update = await run(
    ...['train', '--update', model.slice(0, 8), '--activate', '--json'],
    ...['--labels', await writeLines(join(folder.path, 'more.tsv'), more)],
  );
  expect(detailOf(update).classes).toBe(7);
  expect((await client.status()).model).toBe(detailOf(update).model);
  expect((await run('models', 'show', detailOf(update).model)).out).toContain('shapes: 7 classes, lite0-1');
});

test('photos of folders become a model; cancelled on the way, and gone on with', async () => {
  const folders = await writeFolders(join(folder.path, 'shapes'), photos.slice(0, 90));
  await writeFile(join(folders, 'circle', 'notes.txt'), 'not a photo');
  await mkdir(join(folders, 'empty'));
  const begun = await run('train', '--folders', folders, '--extractor', 'hog', '--detach', '--json');
  const { id } = runRecord.parse(begun.value());
  const second = await run('train', '--folders', folders, '--detach');
  expect([second.code, second.err]).toEqual([1, expect.stringContaining(`The run ${id} is under way`)]);
  await until(async () => ['whiten', 'preview'].includes((await recordOf(id)).step ?? ''), 50_000);
  expect((await run('train', 'cancel')).out).toContain(`Cancelled ${id};`);
  expect((await run('train', 'status')).out).toMatch(new RegExp(`^run +${id}\nstate +cancelled\n`));
  const resumed = await run('train', 'resume', id);
  expect(resumed.code).toBe(0);
  expect(resumed.out).toContain('notes.txt');
  expect(resumed.out).toContain(`${join(folders, 'empty')} has no photos`);
  const { classes } = detailOf(await run('train', 'status', id, '--json'));
  expect(classes).toBe(3);
  const again = await run('train', 'resume', id);
  expect([again.code, again.err]).toEqual([1, `The run ${id} has ended: it is done.\n`]);
});

test('a strict run ends at what does not fit, with file and line', async () => {
  const labels = await writeLines(
    join(folder.path, 'strict.tsv'),
    withLines(labelLines(photos), 5, 'red\tphoto 1-1\tMAYBE'),
  );
  const { code, out, err } = await run('train', '--labels', labels, '--strict');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(`${labels}, line 6 `);
  expect((await run('train', 'list')).out).toMatch(/^RUN .*\ntrain-.* failed /);
});

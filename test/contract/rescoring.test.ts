import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { DatabaseResultStore } from '../../actors/database-result-store.ts';
import { LocalResultStore } from '../../actors/local-result-store.ts';
import { rescore, type RescoringContext, type RescoringServices } from '../../actors/rescoring-workflow.ts';
import { RunFolders } from '../../actors/run-folders.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/errors.ts';
import { createLog } from '../../src/base/log.ts';
import { RecentLines } from '../../src/base/recent-lines.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import { rowOffset } from '../../src/model/feature-store/segment-format.ts';
import { ActiveModel } from '../../src/pool/active-model.ts';
import type { JobPool } from '../../src/pool/job-pool.ts';
import type { PublishedModel } from '../../src/pool/published-model.ts';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { PostgresFeatureStores } from '../../src/store/postgres-feature-stores.ts';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { SupervisedTagStore } from '../../src/store/supervised-tag-store.ts';
import type { SupervisedThumbnailStore } from '../../src/store/supervised-thumbnail-store.ts';
import type { Task } from '../../src/train/task.ts';
import { quantiseFeatures } from '../../src/vision/quantised-features.ts';
import { modelContents, temporaryFolder } from '../support/model.ts';
import { startPostgres } from '../support/postgres.ts';
import { publishedModel } from '../support/published-model.ts';
import { seeded } from '../support/random.ts';
import { madeBlock } from '../support/rescored-photos.ts';
import { trainingPool } from '../support/training-run.ts';
import { thumbnailsIn } from '../support/thumbnails.ts';
import { result } from './tag-store-samples.ts';

const count = 40;
const ids = Array.from({ length: count }, (_, index) => `p${String(index)}`);
const { extractor } = madeBlock('hog', 1);

let threads: Awaited<ReturnType<typeof temporaryFolder>>;
let pool: JobPool;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let tags: SupervisedTagStore;
let features: EmbeddedFeatureStores;
let thumbnails: SupervisedThumbnailStore;
let results: LocalResultStore;
let models: ActiveModel;
let abort: AbortController;

beforeAll(async () => {
  threads = await temporaryFolder();
  pool = await trainingPool(threads.path, 1);
});

afterAll(async () => {
  pool.stop();
  await threads.remove();
});

beforeEach(async () => {
  folder = await temporaryFolder();
  tags = new SupervisedTagStore(() => EmbeddedTagStore.open({ file: join(folder.path, 'tags.db') }));
  await tags.start();
  features = new EmbeddedFeatureStores({
    folder: join(folder.path, 'features'),
    clock: systemClock,
    report: fail,
  });
  await features.open();
  thumbnails = await thumbnailsIn(folder.path);
  results = new LocalResultStore(tags, features, thumbnails);
  models = new ActiveModel();
  models.activate(await modelOf(2));
  abort = new AbortController();
  await results.keep(ids.map((id, index) => photo(id, index + 1)));
});

afterEach(async () => {
  await tags.close();
  await features.close();
  await thumbnails.close();
  await folder.remove();
});

function fail(fault: Fault): never {
  throw fault;
}

/** Another model for each activation. */
function modelOf(activation: number): Promise<PublishedModel> {
  const block = madeBlock('hog', 30, { seed: activation, threshold: 0.6 });
  return publishedModel(modelContents(block), { extractors: [extractor] }, activation);
}

/** An uploaded photo, tagged by a model before those. */
function photo(id: string, sequence: number, activation = 1) {
  const { fraction } = seeded(sequence);
  const x = Float32Array.from({ length: extractor.dims }, () => 2 * fraction() ** 4);
  const submission = { epoch: 1_700_000_000_000, sequence };
  return {
    result: result(id, { before: 0.5 }, { submission, activation }),
    features: [{ extractor, features: quantiseFeatures(x) }],
  };
}

/** Scores again; `onTask` happens after a task has scored, before what it found is written. */
async function run(
  which: 'stale' | 'all' = 'stale',
  onTask: (task: Task) => Promise<void> = () => Promise.resolve(),
  query?: string,
  stores: Pick<RescoringServices, 'tags' | 'features' | 'results'> = { tags, features, results },
) {
  const context: RescoringContext = {
    run: { id: 'rescore-1', startedAt: Date.now() },
    signal: abort.signal,
    progress: { at: () => undefined, steps: () => [] },
    tasks: {
      localParallelism: 1,
      runUnrecorded: async (task, options) => {
        const found = await pool.run(task, options);
        await onTask(task);
        return found;
      },
    },
  };
  const log = createLog('fatal', {}, new RecentLines());
  const folders = new RunFolders(folder.path);
  const services = { ...stores, models, extractors: [extractor], folders, log };
  return await rescore(
    { kind: 'rescore', which, ...(query === undefined ? {} : { query }) },
    context,
    services,
  );
}

test('every row gets the tags of the model in use, once', async () => {
  expect(await run()).toMatchObject({
    model: models.current.handle.id,
    activation: 2,
    photos: { stored: count, rescored: count, changed: count, superseded: 0 },
    notRescored: { count: 0 },
  });
  const rows = await Promise.all(ids.map((id) => tags.get(id)));
  expect(rows.every((row) => row?.activation === 2 && row.model === models.current.handle.id)).toBe(true);
  expect(rows.some((row) => (row?.tags.length ?? 0) > 0)).toBe(true);
  expect(await run()).toMatchObject({ photos: { rescored: 0 } });
  expect(await run('all')).toMatchObject({ photos: { rescored: count, changed: 0 } });
});

test('of a query, the rows that it finds get them, all of these and no other', async () => {
  for (const [index, id] of ids.entries()) {
    const row = photo(id, 1_000 + index);
    const tagged = { ...row.result, tags: [{ tag: index % 4 === 0 ? 'beach' : 'city', score: 0.5 }] };
    await results.keep([{ ...row, result: tagged }]);
  }
  const beaches = ids.filter((_, index) => index % 4 === 0);
  expect(await run('stale', undefined, 'beach -city')).toMatchObject({
    photos: { rescored: beaches.length },
  });
  const rows = await Promise.all(ids.map((id) => tags.get(id)));
  expect(rows.flatMap((row) => (row?.activation === 2 ? [row.photoId] : []))).toEqual(beaches);
  await expect(run('stale', undefined, 'beach "')).rejects.toMatchObject({ code: 'QUERY_SYNTAX' });
});

test('what is uploaded or forgotten meanwhile is not touched', async () => {
  const anew = photo('p1', 1_000, 2);
  const report = await run('stale', async () => {
    await results.keep([anew]);
    await tags.forget('p2');
    await features.remove('p2');
  });
  expect(report).toMatchObject({ photos: { rescored: count - 2, superseded: 2 } });
  expect(await tags.get('p1')).toEqual(anew.result);
  expect(await tags.get('p2')).toBeUndefined();
});

test('a model that is put in use meanwhile takes over', async () => {
  const next = await modelOf(3);
  const report = await run('stale', () => {
    models.activate(next);
    return Promise.resolve();
  });
  expect(report).toMatchObject({ activation: 3, photos: { stored: count, rescored: count } });
  for (const id of ids) expect((await tags.get(id))?.model).toBe(next.handle.id);
});

test('photos without features, or with damaged ones, are counted and keep what they have', async () => {
  await features.remove('p3');
  const store = await features.of(extractor);
  const selection = await store.select(['p7']);
  const [segment] = selection.segments;
  const file = await open(segment!.files.rows, 'r+');
  await file.write(Buffer.from([1, 2, 3]), 0, 3, rowOffset(7, extractor.dims) + 20);
  await file.close();
  await store.release(selection);
  expect(await run()).toMatchObject({
    photos: { rescored: count - 2 },
    notRescored: { count: 2, examples: ['p3', 'p7'] },
  });
  const { failures } = await new RunFolders(folder.path).failures('rescore-1', 0);
  expect(failures).toMatchObject([
    { id: 'p3', code: 'FEATURES_UNUSABLE' },
    { id: 'p7', code: 'FEATURES_UNUSABLE', message: expect.stringContaining('damaged') as string },
  ]);
  for (const id of ['p3', 'p7']) expect((await tags.get(id))?.tags).toEqual([{ tag: 'before', score: 0.5 }]);
});

test('a photo whose new tags are kept, but not yet its new features, is not scored by the old ones', async () => {
  const anew = photo('p4', 1_000);
  await features.close();
  await expect(results.keep([anew])).rejects.toMatchObject({ code: 'FEATURES_UNAVAILABLE' });
  await features.open();
  expect(await run()).toMatchObject({ photos: { rescored: count - 1 }, notRescored: { examples: ['p4'] } });
  expect(await tags.get('p4')).toEqual(anew.result);
  expect(await results.keep([anew])).toEqual(['stored']);
  expect(await run()).toMatchObject({ photos: { rescored: 1 }, notRescored: { count: 0 } });
});

test('features in PostgreSQL give the tags that those in files do', async () => {
  const server = await startPostgres(['fsync=off']);
  try {
    const url = await server.createDatabase();
    const inDatabase = new SupervisedTagStore(() => PostgresTagStore.open({ url }));
    await inDatabase.start();
    const shared = new PostgresFeatureStores({ url, folder: join(folder.path, 'copies'), report: fail });
    await shared.open();
    const there = { tags: inDatabase, features: shared, results: new DatabaseResultStore(inDatabase) };
    await there.results.keep(ids.map((id, index) => photo(id, index + 1)));
    // Of its latest submission nobody has features.
    await there.results.keep([{ ...photo('p5', 1_000), features: [] }]);
    await run();
    expect(await run('stale', undefined, undefined, there)).toMatchObject({
      photos: { rescored: count - 1, changed: count - 1 },
      notRescored: { count: 1, examples: ['p5'] },
    });
    for (const id of ids.filter((each) => each !== 'p5'))
      expect((await inDatabase.get(id))?.tags).toEqual((await tags.get(id))?.tags);
    await shared.close();
    await inDatabase.close();
  } finally {
    await server.stop();
  }
});

test('a tag store that breaks down is waited for', async () => {
  let broken = false;
  const report = await run('stale', async () => {
    if (broken) return;
    broken = true;
    await tags.kill();
    setTimeout(() => void tags.start(), 100);
  });
  expect(report).toMatchObject({ photos: { rescored: count, changed: count } });
});

test('it stops when nobody wants it any more, and nothing stays held', async () => {
  const reason = new Fault('CANCELLED', { what: 'the run' });
  const stopped = run('stale', () => {
    abort.abort(reason);
    throw reason;
  });
  await expect(stopped).rejects.toBe(reason);
  for (const id of ids) expect((await tags.get(id))?.activation).toBe(1);
  for (const id of ids) await features.remove(id);
  const store = await features.of(extractor);
  await store.append([{ id: 'last', features: photo('last', 1).features[0]!.features }]);
  await store.compact();
  expect(store.stats()).toMatchObject({ photos: 1, rows: 1 });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { BlobStore } from '../../src/model/blob-store.ts';
import { readModel } from '../../src/model/model-file.ts';
import { viewBlocks, type BlockView } from '../../src/model/model-layout.ts';
import type { TrainingSet } from '../../src/model/training-set/training-set.ts';
import type { JobPool } from '../../src/pool/job-pool.ts';
import type { Task } from '../../src/train/task.ts';
import type { TrainedModel } from '../../src/train/training-run.ts';
import {
  labelAll,
  learnFrom,
  madeTrainingSet,
  RecordingRunner,
  trainingPool,
  type Labeller,
  type MadePhotos,
} from '../support/training-run.ts';

const learnShards = [
  [0, 200],
  [200, 400],
  [400, 600],
] as const;
const heldOutShards = [[10_000, 10_200]] as const;
const photos: MadePhotos = { classes: 8, learn: learnShards, heldOut: heldOutShards };

let folder: string;
let pool: JobPool;
let blobs: BlobStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'autotag-training-'));
  pool = await trainingPool(folder, 2);
  blobs = new BlobStore(join(folder, 'blobs'));
});

afterAll(async () => {
  pool.stop();
  await rm(folder, { recursive: true, maxRetries: 5 });
});

/** Each test's runner: no two tasks of a run may have a key in common. */
let tasks: RecordingRunner;

beforeEach(() => {
  tasks = new RecordingRunner(pool);
});

afterEach(() => {
  expect(tasks.clashes).toEqual([]);
});

const setOf = (changes: Partial<MadePhotos> = {}) => madeTrainingSet(blobs, { ...photos, ...changes });
const learn = (set: TrainingSet, options: Partial<Parameters<typeof learnFrom>[1]> = {}) =>
  learnFrom(set, { tasks, blobs, ...options });

/** A run of its own: what it records is nobody else's. */
const learnApart = (set: TrainingSet, options: Partial<Parameters<typeof learnFrom>[1]> = {}) =>
  learn(set, { tasks: new RecordingRunner(pool), ...options });

const mapOf = ({ summary }: TrainedModel) => summary.meanAveragePrecision ?? NaN;

async function blockOf({ file }: TrainedModel): Promise<BlockView> {
  const { layout, buffer } = await readModel(blobs.path(file.id));
  return viewBlocks(layout, buffer)[0]!;
}

/** Weights and offset of a class. */
async function classifierOf(model: TrainedModel, index: number): Promise<number[]> {
  const { w, b, stride } = await blockOf(model);
  return [...w.subarray(index * stride, (index + 1) * stride), b[index]!];
}

function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
}

const kindsOf = ({ carriedOut }: RecordingRunner) => new Set(carriedOut.map(({ kind }) => kind));
const keysOf = ({ carriedOut }: RecordingRunner, kind: string) =>
  carriedOut.filter((task) => task.kind === kind).map(({ key }) => key);

describe('learning', () => {
  test('tells apart what can be told apart, and shows a preview on the way', async () => {
    const published: TrainedModel[] = [];
    const publish = (model: TrainedModel) => {
      published.push(model);
      return Promise.resolve();
    };
    const trained = await learn(await setOf(), { publish });
    expect(published.map(({ kind }) => kind)).toEqual(['preview', 'trained']);
    expect(published[1]).toEqual(trained);
    expect(mapOf(trained)).toBeGreaterThan(0.95);
    expect(trained.summary.precision).toBeGreaterThan(0.75);
    expect(mapOf(published[0]!)).toBeGreaterThan(0.9);
    expect(published[0]!.record).toBeUndefined();
  });

  test('makes the same model, bit for bit, however its classes are cut into blocks', async () => {
    const set = await setOf({ classes: 7 });
    const one = new RecordingRunner(pool, 1);
    const three = new RecordingRunner(pool, 3);
    const [whole, cut] = [await learn(set, { tasks: one }), await learn(set, { tasks: three })];
    expect(keysOf(one, 'start')).toEqual(['start/1of1']);
    expect(keysOf(three, 'start').sort()).toEqual(['start/1of3', 'start/2of3', 'start/3of3']);
    expect(cut.model).toBe(whole.model);
    expect(cut.summary).toEqual(whole.summary);
    expect([one.clashes, three.clashes]).toEqual([[], []]);
  });

  test('manages with two photos of a class, and with few photos in all', async () => {
    const label: Labeller = (photo, index, shown) =>
      index < 7 ? labelAll(photo, index, shown) : [5, 210].includes(photo) ? 1 : -1;
    const rare = await learn(await setOf({ label }));
    expect((await classifierOf(rare, 7)).every(Number.isFinite)).toBe(true);
    expect(mapOf(rare)).toBeGreaterThan(0.9);
    const few = await learnApart(await setOf({ classes: 2, learn: [[0, 30]], heldOut: [[10_000, 10_006]] }));
    const { calibration, thresholds, w } = await blockOf(few);
    for (const numbers of [calibration, thresholds, w]) expect([...numbers].some(Number.isNaN)).toBe(false);
  });

  test('goes on without photos that are held out', async () => {
    const trained = await learn(await setOf({ classes: 2, heldOut: [] }));
    expect(trained.summary.meanAveragePrecision).toBeNull();
    expect((await classifierOf(trained, 0)).every(Number.isFinite)).toBe(true);
  });
});

describe('labels', () => {
  test('of other classes are nothing to a class: its classifier stays the same, bit for bit', async () => {
    const partly: Labeller = (photo, index, shown) =>
      index === 3 && photo % 2 === 1 ? 0 : labelAll(photo, index, shown);
    const others: Labeller = (photo, index, shown) =>
      index === 3
        ? partly(photo, index, shown)
        : photo % 3 === 0
          ? 0
          : labelAll(photo, (index + 1) % 8, shown);
    const before = await learnApart(await setOf({ label: partly }));
    const after = await learnApart(await setOf({ label: others }));
    expect(await classifierOf(after, 3)).toEqual(await classifierOf(before, 3));
    expect(await classifierOf(after, 2)).not.toEqual(await classifierOf(before, 2));
  });

  test('that a photo lacks count for nothing: photos without a label of a class only refine what is usual', async () => {
    const label: Labeller = (photo, index, shown) =>
      photo >= 600 && photo < 10_000 && index < 4 ? 0 : labelAll(photo, index, shown);
    const without = await learnApart(await setOf({ label, distance: 3 }));
    const more = { learn: [...learnShards, [600, 900]] as const, distance: 3 };
    const added = await learnApart(await setOf({ ...more, label }));
    // The features of all photos say how features vary: the same example weighs a little otherwise.
    expect(cosine(await classifierOf(without, 1), await classifierOf(added, 1))).toBeGreaterThan(0.97);
    const asNegatives: Labeller = (photo, index, shown) => label(photo, index, shown) || -1;
    const wrong = await learnApart(await setOf({ ...more, label: asNegatives }));
    expect(mapOf(added)).toBeGreaterThan(mapOf(wrong));
    expect(mapOf(added)).toBeGreaterThan(mapOf(without) - 0.02);
  });
});

describe('an update', () => {
  const update = async (set: TrainingSet, before: TrainedModel) =>
    await learn(set, { update: before.record });

  test('with nothing new learns nothing from the photos it knows, and is as good as before', async () => {
    const set = await setOf();
    const before = await learnApart(set);
    const after = await update(set, before);
    expect(keysOf(tasks, 'statistics')).toEqual([]);
    expect(keysOf(tasks, 'learn').every((key) => key.startsWith('finish/'))).toBe(true);
    expect(Math.abs(mapOf(after) - mapOf(before))).toBeLessThan(0.005);
    for (let index = 0; index < 8; index += 1)
      expect(cosine(await classifierOf(after, index), await classifierOf(before, index))).toBeGreaterThan(
        0.98,
      );
  });

  test('with new photos reads those, as many of the others, and comes close to a run on all', async () => {
    const before = await learnApart(await setOf({ learn: learnShards.slice(0, 2) }));
    const set = await setOf({ learn: [...learnShards.slice(0, 2), [400, 500]] });
    const whole = await learnApart(set);
    const after = await update(set, before);
    expect(keysOf(tasks, 'statistics')).toEqual([`statistics/${set.learn[2]!.features.id}`]);
    const learned = tasks.carriedOut.filter(({ key }) => key.startsWith('learn/'));
    for (const { parameters } of learned) expect(parameters).toMatchObject({ shards: [0, 2] });
    expect(learned).not.toEqual([]);
    expect(mapOf(after)).toBeGreaterThan(mapOf(whole) - 0.01);
    expect(after.record?.set).toEqual(set);
  });

  test('with new classes learns those from the start, and keeps the others', async () => {
    const before = await learnApart(await setOf({ classes: 5 }));
    const set = await setOf({ classes: 8 });
    const whole = await learnApart(set);
    const after = await update(set, before);
    expect(keysOf(tasks, 'start').sort()).toEqual(['start/1of2', 'start/2of2']);
    expect(keysOf(tasks, 'warm').sort()).toEqual(['warm/1of2', 'warm/2of2']);
    // On the same photos a new class is what a run on all makes of it, to the last epoch.
    for (const index of [5, 6, 7])
      expect(await classifierOf(after, index)).toEqual(await classifierOf(whole, index));
    expect(mapOf(after)).toBeGreaterThan(mapOf(whole) - 0.01);
  });

  test('goes by names: a class before the others, and one that is gone', async () => {
    const before = await learnApart(await setOf());
    const set = await setOf();
    const names = ['a new one', ...set.classes.slice(1)];
    const after = await update({ ...set, classes: names }, before);
    expect(after.record?.set.classes).toEqual(names);
    expect(cosine(await classifierOf(after, 3), await classifierOf(before, 3))).toBeGreaterThan(0.98);
    expect(mapOf(after)).toBeGreaterThan(0.95);
  });

  test('with labels that are put right comes close to a run that had them right', async () => {
    const wrong: Labeller = (photo, index, shown) =>
      labelAll(photo, index, photo < 600 && photo % 10 === 0 ? (shown + 1) % 12 : shown);
    const before = await learnApart(await setOf({ label: wrong }));
    const set = await setOf();
    const whole = await learnApart(set);
    const after = await update(set, before);
    expect(keysOf(tasks, 'statistics')).toEqual([]);
    for (let index = 0; index < 8; index += 1) {
      const [old, right, now] = [
        await classifierOf(before, index),
        await classifierOf(whole, index),
        await classifierOf(after, index),
      ];
      expect(cosine(now, right)).toBeGreaterThan(cosine(old, right));
    }
    expect(mapOf(after)).toBeGreaterThan(mapOf(whole) - 0.01);
  });

  test('with labels turned round learns their classes from the start, and no others', async () => {
    const wrong: Labeller = (photo, index, shown) =>
      [2, 5].includes(shown) && photo < 600 && photo % 2 === 0
        ? labelAll(photo, index, 7 - shown)
        : labelAll(photo, index, shown);
    const before = await learnApart(await setOf({ label: wrong }));
    const set = await setOf();
    const whole = await learnApart(set);
    const after = await update(set, before);
    for (const index of [2, 5])
      expect(await classifierOf(after, index)).toEqual(await classifierOf(whole, index));
    expect(keysOf(tasks, 'start').sort()).toEqual(['start/1of2', 'start/2of2']);
    expect(await classifierOf(after, 3)).not.toEqual(await classifierOf(whole, 3));
    expect(mapOf(after)).toBeGreaterThan(mapOf(whole) - 0.01);
  });

  test('with many new labels of a class learns it from the start', async () => {
    const few: Labeller = (photo, index, shown) =>
      index === 2 && photo > 100 ? 0 : labelAll(photo, index, shown);
    const before = await learnApart(await setOf({ label: few }));
    const set = await setOf();
    const after = await update(set, before);
    expect(await classifierOf(after, 2)).toEqual(await classifierOf(await learnApart(set), 2));
  });

  test('without some of the photos learns anew', async () => {
    const before = await learnApart(await setOf());
    const set = await setOf({ learn: [...learnShards.slice(0, 2), [400, 599]] });
    const after = await update(set, before);
    expect(kindsOf(tasks)).not.toContain('warm');
    expect(after.model).toBe((await learnApart(set)).model);
  });
});

describe('a run that is begun again', () => {
  test('after each of its tasks makes the same model, by the same tasks', async () => {
    const set = await setOf();
    const undisturbed = new RecordingRunner(pool);
    const expected = await learn(set, { tasks: undisturbed });
    for (let lives = 1; ; lives += 1) {
      const { runner, ended } = limited(tasks, 1);
      const trained = await learn(set, { tasks: runner }).catch((error: unknown) => {
        expect(error).toBe(ended);
        return undefined;
      });
      if (trained === undefined) continue;
      expect(trained).toEqual(expected);
      expect(lives).toBeGreaterThan(10);
      break;
    }
    // One that was under way when its run ended may be carried out twice.
    const keys = (runner: RecordingRunner) => new Set(runner.carriedOut.map(({ key }) => key));
    expect(keys(tasks)).toEqual(keys(undisturbed));
  });

  test('with more threads makes the same model', async () => {
    const set = await setOf();
    const expected = await learnApart(set);
    const { runner } = limited(tasks, 12);
    await expect(learn(set, { tasks: { run: runner.run, parallelism: 1 } })).rejects.toThrow('interrupted');
    const again = { parallelism: 3, run: tasks.run.bind(tasks) };
    expect((await learn(set, { tasks: again })).model).toBe(expected.model);
    // Same classes, learned in other blocks: what was recorded holds for them too.
    expect(new Set(tasks.clashes.splice(0))).toEqual(new Set(['preview/calibrate/0+8', 'preview/assemble']));
  });

  test('and is cancelled, stops where it is', async () => {
    const set = await setOf();
    const cancel = new AbortController();
    const onProgress = (step: string) => {
      if (step === 'learn') cancel.abort(new Fault('CANCELLED', { what: 'the run' }));
    };
    const run = learn(set, { signal: cancel.signal, onProgress });
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(kindsOf(tasks)).toContain('learn');
    expect(keysOf(tasks, 'calibrate').every((key) => key.startsWith('preview/'))).toBe(true);
    expect((await learn(set)).model).toBe((await learnApart(set)).model);
  });
});

/** Carries out so many tasks that are not on record, and fails whoever wants more. */
function limited(recorded: RecordingRunner, limit: number) {
  const ended = new Error('interrupted');
  const until = recorded.carriedOut.length + limit;
  const run = async (task: Task, options?: Parameters<RecordingRunner['run']>[1]) => {
    const before = recorded.carriedOut.length;
    if (before >= until && !recorded.knows(task)) throw ended;
    return await recorded.run(task, options);
  };
  return { runner: { parallelism: recorded.parallelism, run }, ended };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { BlobStore } from '../../src/model/blob-store.ts';
import type { Progress } from '../results/part.ts';
import type { DescribedSet } from './described-set.ts';
import { madeSet, type MadeSize } from './made-set.ts';
import { growthOf } from './growth.ts';
import { trainInProcess, type TrainingCosts } from './training-process.ts';

/** A training set of thousands of classes, and smaller ones that differ in one number each. */
export interface ScalePlan {
  readonly whole: MadeSize;
  readonly curves: Readonly<Record<keyof MadeSize, readonly MadeSize[]>>;
}

/** 3,000 classes with 10,000 positives and 100,000 negatives each. */
export const fullScale: ScalePlan = planFor({ rows: 300_000, classes: 3_000, dims: 1_280 }, 37_500);

/** The same in small, to see that it runs. */
export const quickScale: ScalePlan = planFor({ rows: 12_000, classes: 240, dims: 320 }, 3_000);

/** Curves over few rows, but for the one of rows: that one goes to four times as many, over fewer classes. */
function planFor(whole: MadeSize, fewRows: number): ScalePlan {
  const doubled = (most: number, times: number) =>
    Array.from({ length: times + 1 }, (_, index) => most / 2 ** (times - index));
  const { classes, dims } = whole;
  return {
    whole,
    curves: {
      classes: doubled(classes, 3).map((number) => ({ rows: fewRows, classes: number, dims })),
      rows: doubled(4 * fewRows, 2).map((number) => ({
        rows: number,
        classes: classes / 4,
        dims,
      })),
      dims: doubled(dims, 2).map((number) => ({ rows: fewRows, classes: classes / 2, dims: number })),
    },
  };
}

/** What a training took, and of what size. */
export interface ScaleRun extends MadeSize, TrainingCosts {
  /** The machine's load when it began and ended. */
  readonly load: readonly number[];
}

/** What was measured at scale. */
export interface ScaleFigures {
  readonly threads: number;
  readonly whole: ScaleRun;
  readonly curves: Readonly<Record<keyof MadeSize, readonly ScaleRun[]>>;
  /** How time grows with each number: as its power of so much. */
  readonly exponents: Readonly<Record<keyof MadeSize, number>>;
}

/** What {@link scaleBench} works with. */
export interface ScaleOptions {
  readonly plan: ScalePlan;
  /** Where rows are drawn from. */
  readonly real: DescribedSet;
  /** What is made stays there. */
  readonly folder: string;
  readonly progress: Progress;
}

/** Trains made-up sets on all cores, each in a process of its own: time, memory, and how time grows. */
export async function scaleBench(options: ScaleOptions): Promise<ScaleFigures> {
  const { whole, curves } = options.plan;
  const runs = new Map<string, Promise<ScaleRun>>();
  const measure = async (size: MadeSize): Promise<ScaleRun> => {
    const key = JSON.stringify(size);
    const run = runs.get(key) ?? train(size, options);
    runs.set(key, run);
    return await run;
  };
  const measured = async (sizes: readonly MadeSize[]): Promise<ScaleRun[]> => {
    const curve: ScaleRun[] = [];
    for (const size of sizes) curve.push(await measure(size));
    return curve;
  };
  // The long one first: the curves say how it came about.
  await measure(whole);
  const all = {
    classes: await measured(curves.classes),
    rows: await measured(curves.rows),
    dims: await measured(curves.dims),
  };
  return {
    threads: availableParallelism(),
    whole: await measure(whole),
    curves: all,
    exponents: {
      classes: growthOf(all.classes.map(({ classes, seconds }) => [classes, seconds])),
      rows: growthOf(all.rows.map(({ rows, seconds }) => [rows, seconds])),
      dims: growthOf(all.dims.map(({ dims, seconds }) => [dims, seconds])),
    },
  };
}

async function train(size: MadeSize, { real, folder, progress }: ScaleOptions): Promise<ScaleRun> {
  const { rows, classes, dims } = size;
  const what = `${String(rows)} rows, ${String(classes)} classes, ${String(dims)} dims`;
  progress(`${what}: making them, unless they are there`);
  const blobs = new BlobStore(join(folder, 'blobs'));
  const set = await madeSet(size, { real, blobs, notes: join(folder, 'sets') });
  const work = await mkdtemp(join(folder, 'run-'));
  try {
    const load = [loadavg()[0]!];
    const { costs } = await trainInProcess(set, {
      blobs,
      folder: work,
      threads: availableParallelism(),
    });
    load.push(loadavg()[0]!);
    const { seconds, peakRssMib } = costs;
    progress(`${what}: ${seconds.toFixed(1)} s, ${peakRssMib.toFixed(0)} MiB at most`);
    return { ...size, ...costs, load };
  } finally {
    await rm(work, { recursive: true });
  }
}

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setupFiles } from '../../src/base/package-root.ts';
import { BlobStore } from '../../src/model/blob-store.ts';
import { extractorIdentities } from '../../src/vision/extractors.ts';
import { loadParameters } from '../../src/vision/parameter-file.ts';
import { median } from '../results/median.ts';
import type { Progress } from '../results/part.ts';
import { describeSet, type DescribedSet } from './described-set.ts';
import { judge, modelMargins, type Verdict } from './judge.ts';
import { hashSet } from './labelled-set.ts';
import { bestLiblinear, type LiblinearResult } from './liblinear.ts';
import { photoTrainingSet } from './photo-training-set.ts';
import { pythonWithPackages } from './python.ts';
import { trainInProcess, type TrainingCosts } from './training-process.ts';

/** Runs of ours before LIBLINEAR's and after it: the machine may be busier at one time than at another. */
const runsBefore = 1;
const runsAfter = 2;

/** One extractor's features, learned by us and by LIBLINEAR, one thread each. */
export interface VersusLiblinear {
  readonly extractor: string;
  readonly photos: { readonly train: number; readonly test: number };
  readonly classes: number;
  readonly ours: Verdict & {
    /** Median of the runs. */
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly runs: readonly TrainingCosts[];
  };
  readonly liblinear: LiblinearResult & {
    /** When it was measured; not in this run if it was known and `--fresh` was not asked for. */
    readonly measured: string;
  };
  /** LIBLINEAR's time over ours. */
  readonly speedup: number;
  readonly cpuSpeedup: number;
  /** Our mAP and top-1 minus LIBLINEAR's, in points. */
  readonly mapDifference: number;
  readonly top1Difference: number;
  /** The machine's load before and after. */
  readonly load: readonly number[];
}

/** What {@link versusLiblinear} works with. */
export interface VersusOptions {
  /** The labelled photo set. */
  readonly photos: string;
  readonly cache: string;
  /** Whether LIBLINEAR is measured although it has been before. */
  readonly fresh: boolean;
  readonly progress: Progress;
}

/** The sets as each extractor of this build sees them. */
export async function describedSets({ photos, cache, progress }: VersusOptions): Promise<DescribedSet[]> {
  await mkdir(cache, { recursive: true });
  const hash = await hashSet(photos);
  const sets: DescribedSet[] = [];
  for (const identity of extractorIdentities(await loadParameters(setupFiles.lite0))) {
    const { id, version, parametersHash } = identity;
    const name = `${hash.slice(0, 16)}-${id}-${String(version)}-${parametersHash.slice(0, 16)}`;
    sets.push(await describeSet({ photos, extractor: identity, folder: join(cache, name), progress }));
  }
  return sets;
}

/** Learns the photos of a set by both, and judges both on the photos that neither has seen. */
export async function versusLiblinear(set: DescribedSet, options: VersusOptions): Promise<VersusLiblinear> {
  const load = [loadavg()[0]!];
  const before = await trainOurs(set, options, runsBefore);
  const liblinear = await measuredLiblinear(set, options);
  const after = await trainOurs(set, options, runsAfter);
  load.push(loadavg()[0]!);
  const runs = [...before.runs, ...after.runs];
  const ours = {
    ...after.verdict,
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    runs,
  };
  const { best } = liblinear;
  return {
    extractor: set.extractor.id,
    photos: { train: set.train.ids.length, test: set.test.ids.length },
    classes: set.classes.length,
    ours,
    liblinear,
    speedup: best.seconds / ours.seconds,
    cpuSpeedup: best.cpuSeconds / ours.cpuSeconds,
    mapDifference: 100 * (ours.map - best.map),
    top1Difference: 100 * (ours.top1 - best.top1),
    load,
  };
}

async function trainOurs(set: DescribedSet, { cache, progress }: VersusOptions, count: number) {
  const folder = await mkdtemp(join(cache, 'run-'));
  try {
    const blobs = new BlobStore(join(folder, 'set'));
    const training = await photoTrainingSet(blobs, set);
    const runs: TrainingCosts[] = [];
    let verdict: Verdict = { map: NaN, top1: NaN, averagePrecisions: {} };
    for (let run = 0; run < count; run += 1) {
      const place = { blobs, folder: join(folder, String(run)), threads: 1 };
      const { model, costs } = await trainInProcess(training, place);
      verdict = judge(set, await modelMargins(model, set));
      runs.push(costs);
      progress(
        `${set.extractor.id}: ours ${costs.seconds.toFixed(1)} s (${costs.cpuSeconds.toFixed(1)} s of CPU), mAP ${(100 * verdict.map).toFixed(2)}`,
      );
    }
    return { runs, verdict };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measuredLiblinear(
  set: DescribedSet,
  { cache, fresh, progress }: VersusOptions,
): Promise<VersusLiblinear['liblinear']> {
  const file = join(set.folder, 'liblinear.json');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined && !fresh) {
    const result = JSON.parse(known) as VersusLiblinear['liblinear'];
    progress(`${set.extractor.id}: LIBLINEAR as measured at ${result.measured}; --fresh measures it again`);
    return result;
  }
  const found = await bestLiblinear(await pythonWithPackages(cache), set, progress);
  const result = { ...found, measured: new Date().toISOString() };
  await writeFile(file, JSON.stringify(result));
  return result;
}

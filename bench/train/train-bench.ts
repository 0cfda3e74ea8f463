import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { packageRoot } from '../../src/base/package-root.ts';
import type { Progress } from '../results/part.ts';
import { clothesSet } from './clothes-set.ts';
import { fullScale, quickScale, scaleBench, type ScaleFigures } from './scale-bench.ts';
import { describedSets, versusLiblinear, type VersusLiblinear } from './versus-liblinear.ts';

const cache = join(packageRoot, '.cache', 'bench-train');

/** What {@link trainBench} is told. */
export interface TrainBenchOptions {
  /** A labelled photo set (see `setFiles`); by default one that is fetched. */
  readonly data: string | undefined;
  /** Measures LIBLINEAR although it has been measured on this set before. */
  readonly fresh: boolean;
  /** Made-up sets are small: figures mean little. */
  readonly quick: boolean;
  /** Removes what is kept for the next run. */
  readonly clean: boolean;
  readonly progress: Progress;
}

/** What training takes, and how good it is. */
export interface TrainFigures {
  readonly versus: readonly VersusLiblinear[];
  readonly scale: ScaleFigures;
}

/** Training beside LIBLINEAR on real photos, and training of thousands of classes. */
export async function trainBench({
  data,
  fresh,
  quick,
  clean,
  progress,
}: TrainBenchOptions): Promise<TrainFigures> {
  const photos = data ?? (await clothesSet(cache));
  const options = { photos, cache, fresh, progress };
  const sets = await describedSets(options);
  const versus: VersusLiblinear[] = [];
  for (const set of sets) versus.push(await versusLiblinear(set, options));
  const plan = quick ? quickScale : fullScale;
  const real = sets.find(({ extractor }) => extractor.id === 'lite0')!;
  const scale = await scaleBench({
    plan,
    real,
    folder: join(cache, 'made', basename(real.folder)),
    progress,
  });
  if (clean) await rm(cache, { recursive: true });
  return { versus, scale };
}

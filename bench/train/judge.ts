import { readModel } from '../../src/model/model-file.ts';
import { quantiseModel } from '../../src/model/quantised-model.ts';
import { ExclusiveClasses } from '../../src/train/evaluation-exclusive.ts';
import { averagePrecision, rankRows } from '../../src/train/evaluation-ranking.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { toUnitLength } from '../../src/vision/unit-length.ts';
import type { DescribedPart, DescribedSet } from './described-set.ts';

/** How classifiers do on the photos that are there to judge them. */
export interface Verdict {
  /** Mean of {@link Verdict.averagePrecisions}. */
  readonly map: number;
  /** Share of photos whose right class has the highest margin, of the classes that exclude each other; NaN if none do. */
  readonly top1: number;
  /** By class, those that can be judged. */
  readonly averagePrecisions: Readonly<Record<string, number>>;
}

/** What classifiers are judged on. */
export interface JudgedPhotos extends Pick<DescribedSet, 'classes'> {
  readonly test: Pick<DescribedPart, 'ids' | 'labels'>;
}

/** Margins of the test photos by a model's only block, as nodes compute them. @returns `Float32Array [photos × classes]` */
export async function modelMargins(file: string, { test }: DescribedSet): Promise<Float32Array> {
  const [block] = (await quantiseModel(await readModel(file))).blocks;
  return Kernel.instantiate(await Kernel.compile()).margins(toUnitLength(test), block!);
}

/**
 * Judges margins of the test photos.
 * @param margins - `Float32Array [photos × classes]`
 */
export function judge({ classes, test }: JudgedPhotos, margins: Float32Array): Verdict {
  const matrix = { rows: test.ids.length, classes: classes.length, margins, labels: test.labels };
  const precisions = classes.flatMap((name, index): [string, number][] => {
    const precision = averagePrecision(rankRows(matrix, index));
    return precision === undefined ? [] : [[name, precision]];
  });
  return {
    map: precisions.reduce((sum, [, precision]) => sum + precision, 0) / precisions.length,
    top1: topShare(matrix),
    averagePrecisions: Object.fromEntries(precisions),
  };
}

function topShare({
  rows,
  classes,
  margins,
  labels,
}: {
  readonly rows: number;
  readonly classes: number;
  readonly margins: Float32Array;
  readonly labels: Int8Array;
}): number {
  const finder = new ExclusiveClasses(rows);
  finder.add(labels, classes);
  const exclusive = finder.find()?.classes ?? [];
  let photos = 0;
  let right = 0;
  for (let row = 0; row < rows; row += 1) {
    const at = (index: number) => row * classes + index;
    if (!exclusive.some((index) => labels[at(index)] === 1)) continue;
    const best = exclusive.reduce((one, other) => (margins[at(other)]! > margins[at(one)]! ? other : one));
    photos += 1;
    if (labels[at(best)] === 1) right += 1;
  }
  return right / photos;
}

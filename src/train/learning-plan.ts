import { rowsOf, type TrainingSet } from '../model/training-set/training-set.ts';
import { cutClasses, type ClassRange } from './class-range.ts';
import { scheduleFor, type Schedule } from './schedule.ts';

/** How the classes and rows of a training set are cut into tasks. */
export interface LearningPlan extends Schedule {
  /** Blocks of classes that are learned together. A class learns the same bits in any block. */
  readonly blocks: readonly (readonly ClassRange[])[];
  /** Neighbouring classes that are calibrated together: cut the same for any number of tasks, for they lend each other a prior. */
  readonly calibrated: readonly ClassRange[];
  /** Rows that are learned from. */
  readonly rows: number;
}

/** Classes in a block at most: their weights, averages and gradients take 12 bytes a class and dimension. */
const maxBlock = 1536;
/** Classes that are calibrated together at most: with 20,000 held-out rows, 21 bytes a pair are 54 MB. */
const maxCalibrated = 128;
/** Rows × classes × dims of a task: about half a minute. */
const taskWork = 300e9;

/** Cuts a training set for so many tasks at once. */
export function planLearning(set: TrainingSet, parallelism: number): LearningPlan {
  const rows = rowsOf(set.learn);
  const classes = set.classes.length;
  const blocks = Math.ceil(classes / (maxBlock * parallelism)) * parallelism;
  const all: ClassRange[] = [[0, classes]];
  return {
    ...scheduleFor(rows, set.extractor.dims),
    blocks: cutClasses(all, blocks),
    calibrated: cutClasses(all, Math.ceil(classes / maxCalibrated)).flat(),
    rows,
  };
}

/**
 * The order in which an epoch reads shards, in slices that are a task each.
 *
 * @param shards - places of the shards
 * @param classes - classes of the block
 */
export function slicesOf(
  set: TrainingSet,
  shards: readonly number[],
  { epoch, classes }: { readonly epoch: number; readonly classes: number },
): number[][] {
  const all = [...set.learn, ...set.heldOut];
  const slices: number[][] = [];
  let work = Infinity;
  for (const place of rotated(shards, epoch)) {
    const own = (all[place]?.rows ?? 0) * (classes + set.extractor.dims / 4) * set.extractor.dims;
    if (work + own > taskWork) {
      slices.push([]);
      work = 0;
    }
    slices.at(-1)?.push(place);
    work += own;
  }
  return slices;
}

/** Another order each epoch; rows are in the order of a hash, so that any is as good as random. */
function rotated(shards: readonly number[], epoch: number): number[] {
  const turn = Math.floor((shards.length * ((epoch * 0.618034) % 1)) % Math.max(shards.length, 1));
  return [...shards.slice(turn), ...shards.slice(0, turn)];
}

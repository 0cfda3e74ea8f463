import type { ScoreCondition } from './query-conditions.ts';
import { scoreUnits } from './tag-store.ts';

/** A term that photos have. */
export interface Term {
  readonly id: number;
  /** How many photos have it. */
  readonly photos: number;
}

/** Terms of which a photo must have one; its score is that of the best it has. Not empty. */
export type Group = readonly Term[];

/** Where a page begins: behind this hit. */
export interface Cursor {
  /** Whole number of 1/10,000. */
  readonly score: number;
  /** `photos.row`. */
  readonly photo: number;
}

/** What a photo's row must say. */
export interface RowConditions {
  readonly owner: string | undefined;
  /** Numbers of models, one of which tagged it; all there are, if only the time matters. */
  readonly models: readonly number[] | undefined;
  /** Tagged then or later, ms since the epoch. */
  readonly from: number | undefined;
  /** Tagged before, ms since the epoch. */
  readonly before: number | undefined;
}

/** A search in the store's own numbers. */
export interface Search {
  /** Empty only if there are conditions on rows. */
  readonly wanted: readonly Group[];
  readonly unwanted: readonly Term[];
  readonly rows: RowConditions | undefined;
  /** Photos in the store. */
  readonly photos: number;
  /** Smallest score that matches, in 1/10,000. */
  readonly floor: number;
  readonly after: Cursor | undefined;
  readonly limit: number;
}

/** An index of rows that a search may begin with. */
export type RowIndex = 'owner' | 'model';

/** The smallest kept score that satisfies a condition, in 1/10,000; above 10,000 if none does. */
export function scoreFloor(condition: ScoreCondition | undefined): number {
  if (condition === undefined) return 0;
  const { comparison, value } = condition;
  const satisfied = (score: number) => (comparison === '>' ? score > value : score >= value);
  // Products like 0.07 × 10,000 are not whole in floating point: begin below, and compare scores as they are shown.
  let floor = Math.max(0, Math.floor(value * scoreUnits) - 1);
  while (!satisfied(floor / scoreUnits)) floor += 1;
  return floor;
}

/** How many photos are in the lists of a group: those that have it, or more where some have several of its terms. */
export function entriesOf(group: Group): number {
  return group.reduce((sum, { photos }) => sum + photos, 0);
}

import type { ClassEvaluation, Evaluation } from './evaluation.ts';

/** What of an evaluation is compared. */
type Judged = Pick<Evaluation, 'classes'>;

/** How a class of both models has changed. */
export interface ClassChange {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** `after` − `before`. */
  readonly change: number;
}

/** One model's evaluation against another's. Plain JSON. */
export interface ModelDiff {
  /** Mean average precision of both over the classes that both were judged on, and how many these are. */
  readonly common: {
    readonly classes: number;
    readonly before: number | null;
    readonly after: number | null;
    readonly change: number | null;
  };
  /** Classes whose average precision rose, the most first. */
  readonly gained: readonly ClassChange[];
  /** Classes whose average precision fell, the most first. */
  readonly lost: readonly ClassChange[];
  /** Classes whose threshold moved by more than 0.05, the most first. */
  readonly thresholds: readonly ClassChange[];
  /** Classes that only the new one has. */
  readonly added: readonly string[];
  /** Classes that only the old one has. */
  readonly removed: readonly string[];
}

/** Whether a model is worse than another, and what was compared. */
export interface Comparison {
  readonly worse: boolean;
  /** One sentence for whoever wants to activate it. */
  readonly reason: string;
}

/** A class gained or lost only by more than this of average precision. */
const leastChange = 0.0005;
const leastThresholdChange = 0.05;

/** What changed from one model to another. */
export function diffModels(before: Judged, after: Judged): ModelDiff {
  const pairs = commonClasses(before, after);
  const changes = pairs.flatMap(([old, now]) =>
    changeOf(old.name, old.averagePrecision, now.averagePrecision),
  );
  const thresholds = pairs.flatMap(([old, now]) => changeOf(old.name, old.threshold, now.threshold));
  const means = [mean(changes.map((entry) => entry.before)), mean(changes.map((entry) => entry.after))];
  const [meanBefore = null, meanAfter = null] = means;
  return {
    common: {
      classes: changes.length,
      before: meanBefore,
      after: meanAfter,
      change: meanBefore === null || meanAfter === null ? null : meanAfter - meanBefore,
    },
    gained: byChange(changes.filter(({ change }) => change > leastChange)),
    lost: byChange(changes.filter(({ change }) => change < -leastChange)),
    thresholds: byChange(thresholds.filter(({ change }) => Math.abs(change) > leastThresholdChange)),
    added: missingFrom(before, after),
    removed: missingFrom(after, before),
  };
}

/**
 * Whether a model is worse than the active one by more than a margin: over the classes that both were judged on, or, of no class in
 * common, not at all.
 *
 * @param margin - how much mean average precision may be lost, such as 0.01
 */
export function isWorse(candidate: Judged, active: Judged, margin: number): Comparison {
  const { classes, before, after, change } = diffModels(active, candidate).common;
  if (before === null || after === null || change === null)
    return { worse: false, reason: 'The two models were judged on no class in common.' };
  const compared = `${percent(after)} against ${percent(before)} of the active model, over ${counted(classes)}`;
  return {
    worse: change < -margin,
    reason: `Its mean average precision is ${compared}; ${percent(margin)} less are allowed.`,
  };
}

/** A diff as lines of text, for a terminal; class names are as they are. */
export function diffRows(diff: ModelDiff, limit = 20): string[] {
  const { classes, before, after, change } = diff.common;
  const summary =
    before === null || after === null || change === null
      ? 'no class in common'
      : `mAP ${percent(before)} → ${percent(after)} (${signed(change)}) over ${counted(classes)}`;
  return [
    summary,
    ...section('gained', diff.gained, limit, changeRow),
    ...section('lost', diff.lost, limit, changeRow),
    ...section('threshold', diff.thresholds, limit, thresholdRow),
    ...section('new', diff.added, limit, (name) => name),
    ...section('removed', diff.removed, limit, (name) => name),
  ];
}

function commonClasses(before: Judged, after: Judged): [ClassEvaluation, ClassEvaluation][] {
  const known = new Map(before.classes.map((entry) => [entry.name, entry]));
  return after.classes.flatMap((now) => {
    const old = known.get(now.name);
    return old === undefined ? [] : [[old, now] as [ClassEvaluation, ClassEvaluation]];
  });
}

function missingFrom(one: Judged, other: Judged): string[] {
  const known = new Set(one.classes.map(({ name }) => name));
  return other.classes.map(({ name }) => name).filter((name) => !known.has(name));
}

function changeOf(name: string, before: number | null, after: number | null): ClassChange[] {
  return before === null || after === null ? [] : [{ name, before, after, change: after - before }];
}

function byChange(changes: ClassChange[]): ClassChange[] {
  return changes.sort((left, right) => Math.abs(right.change) - Math.abs(left.change));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function section<Entry>(
  title: string,
  entries: readonly Entry[],
  limit: number,
  row: (entry: Entry) => string,
): string[] {
  if (entries.length === 0) return [];
  const more = entries.length > limit ? [`  … and ${String(entries.length - limit)} more`] : [];
  return [
    `${title} ${String(entries.length)}`,
    ...entries.slice(0, limit).map((entry) => `  ${row(entry)}`),
    ...more,
  ];
}

function changeRow({ name, before, after, change }: ClassChange): string {
  return `${signed(change).padStart(7)}  ${percent(before)} → ${percent(after)}  ${name}`;
}

function thresholdRow({ name, before, after }: ClassChange): string {
  return `${before.toFixed(2)} → ${after.toFixed(2)}  ${name}`;
}

function counted(classes: number): string {
  return classes === 1 ? '1 class' : `${String(classes)} classes`;
}

function percent(value: number): string {
  return (100 * value).toFixed(1);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
}

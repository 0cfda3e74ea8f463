import { rowsOf, type TrainingSet } from '../src/model/training-set/training-set.ts';
import type { Json } from '../src/train/task.ts';
import type { ModelDiff } from '../src/train/model-diff.ts';

/** Classes that are named, at most. */
const named = 50;

/** What an update has changed, for people: classes that came and went, and those that gained and lost most. */
export function changesOf(
  {
    model,
    before,
    after,
  }: { readonly model: string; readonly before: TrainingSet; readonly after: TrainingSet },
  { gained, lost }: Pick<ModelDiff, 'gained' | 'lost'>,
): Json {
  const [old, fresh] = [new Set(before.classes), new Set(after.classes)];
  return {
    model,
    photos: {
      before: rowsOf([...before.learn, ...before.heldOut]),
      after: rowsOf([...after.learn, ...after.heldOut]),
    },
    classesAdded: after.classes.filter((name) => !old.has(name)).slice(0, named),
    classesRemoved: before.classes.filter((name) => !fresh.has(name)).slice(0, named),
    gained: gained.slice(0, named).map((change) => ({ ...change })),
    lost: lost.slice(0, named).map((change) => ({ ...change })),
  };
}

import { describe, expect, test } from 'vitest';
import type { Shard, TrainingSet } from '../../../src/model/training-set/training-set.ts';
import { blobsOf, planUpdate, rehearsed, type TrainingRecord } from '../../../src/train/training-record.ts';

const blob = (name: string) => ({ id: name, bytes: 1 });
const shard = (features: string, labels = 'labels', rows = 100): Shard => ({
  rows,
  features: blob(features),
  labels: blob(`${features} ${labels}`),
});

function setOf(learn: readonly Shard[], classes: readonly string[] = ['a', 'b']): TrainingSet {
  const none = { positives: [], negatives: [] };
  return {
    extractor: { id: 'lite0', version: 1, dims: 8, parametersHash: '0'.repeat(64) },
    classes,
    learn,
    heldOut: [shard('held out')],
    labels: blob('all labels'),
    counts: none,
    heldOutCounts: none,
  };
}

const recordOf = (set: TrainingSet): TrainingRecord => ({
  set,
  sums: { one: blob('sums of one') },
  whitening: blob('whitening'),
  learned: [{ ranges: [[0, 2]], state: blob('state') }],
});

describe('a record', () => {
  test('names every blob that an update of the model needs', () => {
    const ids = blobsOf(recordOf(setOf([shard('one')]))).map(({ id }) => id);
    expect(ids.sort()).toEqual(
      [
        'all labels',
        'held out',
        'held out labels',
        'one',
        'one labels',
        'state',
        'sums of one',
        'whitening',
      ].sort(),
    );
  });
});

describe('the plan of an update', () => {
  const before = recordOf(setOf([shard('one'), shard('two')]));

  test('finds shards that are new, and those with other labels', () => {
    const after = setOf([shard('one'), shard('two', 'other labels'), shard('three')]);
    expect(planUpdate(before, after)).toEqual({
      origins: [0, 1],
      changed: [1, 2],
      relabelled: [{ before: blob('two labels'), after: blob('two other labels') }],
    });
    expect(planUpdate(before, before.set)).toEqual({ origins: [0, 1], changed: [], relabelled: [] });
  });

  test('finds classes by their names, wherever they are now', () => {
    const after = setOf([shard('one'), shard('two')], ['0', 'b', 'c', 'a']);
    expect(planUpdate(before, after)?.origins).toEqual([-1, 1, -1, 0]);
  });

  test('begins anew with a class whose examples have become half as many again, or the reverse', () => {
    const counted = (positives: number[], negatives: number[]) => ({
      ...setOf([shard('one')], ['a', 'b', 'c', 'd']),
      counts: { positives, negatives },
    });
    const plan = planUpdate(
      recordOf(counted([10, 10, 90, 2], [100, 100, 100, 0])),
      counted([15, 16, 59, 2], [149, 100, 100, 1]),
    );
    expect(plan?.origins).toEqual([0, -1, -1, -1]);
  });

  test('is none when photos are gone', () => {
    expect(planUpdate(before, setOf([shard('one'), shard('two, less one')]))).toBeUndefined();
  });
});

describe('rehearsal', () => {
  const set = setOf([
    shard('a'),
    shard('b'),
    shard('c'),
    shard('d', 'labels', 30),
    shard('e', 'labels', 150),
  ]);

  test('adds as many rows of other shards as have changed', () => {
    expect(rehearsed(set, [3])).toEqual([3, 0]);
    expect(rehearsed(set, [4])).toEqual([4, 0, 1]);
    expect(rehearsed(set, [1, 2, 3])).toEqual([1, 2, 3, 0, 4]);
  });

  test('adds nothing to nothing, and no shard twice', () => {
    expect(rehearsed(set, [])).toEqual([]);
    expect(rehearsed(set, [0, 1, 2, 3, 4])).toEqual([0, 1, 2, 3, 4]);
  });
});

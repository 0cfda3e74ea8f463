import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../../src/train/evaluation.ts';
import { diffModels, diffRows, isWorse } from '../../../src/train/model-diff.ts';
import { evaluationOf } from '../../support/evaluation.ts';

const before = evaluationOf({ cat: 0.8, dog: 0.6, owl: 0.5, gone: 0.9, unjudged: null });
const after = evaluationOf({ owl: 0.5, cat: 0.85, dog: 0.4, fresh: 0.1, unjudged: 0.7 }, { dog: 0.4 });

describe('the difference of two models', () => {
  const diff = diffModels(before, after);

  it('compares the classes that both were judged on, by name', () => {
    expect(diff.common.classes).toBe(3);
    expect(diff.common.before).toBeCloseTo(1.9 / 3);
    expect(diff.common.after).toBeCloseTo(1.75 / 3);
    expect(diff.common.change).toBeCloseTo(-0.05);
  });

  it('says which classes gained, lost, came, went, and moved their threshold', () => {
    expect(diff.gained).toMatchObject([{ name: 'cat', before: 0.8, after: 0.85 }]);
    expect(diff.lost).toMatchObject([{ name: 'dog', before: 0.6, after: 0.4 }]);
    expect(diff.added).toEqual(['fresh']);
    expect(diff.removed).toEqual(['gone']);
    expect(diff.thresholds).toMatchObject([{ name: 'dog', before: 0.5, after: 0.4 }]);
  });

  it('is a few lines of text', () => {
    expect(diffRows(diff)).toEqual([
      'mAP 63.3 → 58.3 (−5.0) over 3 classes',
      'gained 1',
      '     +5.0  80.0 → 85.0  cat',
      'lost 1',
      '    −20.0  60.0 → 40.0  dog',
      'threshold 1',
      '  0.50 → 0.40  dog',
      'new 1',
      '  fresh',
      'removed 1',
      '  gone',
    ]);
    expect(
      diffRows(diffModels(evaluationOf({ a: 0.1, b: 0.2 }), evaluationOf({ a: 0.5, b: 0.3 })), 1),
    ).toEqual([
      'mAP 15.0 → 40.0 (+25.0) over 2 classes',
      'gained 2',
      '    +40.0  10.0 → 50.0  a',
      '  … and 1 more',
    ]);
  });

  it('takes odd names for names', () => {
    const odd = evaluationOf(JSON.parse('{"__proto__": 0.5, "constructor": 0.5}') as Record<string, number>);
    expect(diffModels(odd, odd)).toMatchObject({ common: { classes: 2, change: 0 }, added: [], removed: [] });
    expect(diffModels(odd, evaluationOf({})).removed).toEqual(['__proto__', 'constructor']);
  });
});

describe('the guard of activation', () => {
  it('refuses what is worse by more than the margin, and says what was compared', () => {
    expect(isWorse(after, before, 0.01)).toEqual({
      worse: true,
      reason:
        'Its mean average precision is 58.3 against 63.3 of the active model, over 3 classes; 1.0 less are allowed.',
    });
    expect(isWorse(after, before, 0.06).worse).toBe(false);
    expect(isWorse(before, after, 0).worse).toBe(false);
  });

  it('lets pass what cannot be compared', () => {
    const empty: Evaluation = evaluationOf({});
    expect(isWorse(empty, before, 0)).toMatchObject({ worse: false });
    expect(isWorse(empty, before, 0).reason).toContain('no class in common');
  });
});

import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { checkRescored, rescoredOf } from '../../../src/store/rescored-batch.ts';
import type { RescoredBatch } from '../../../src/store/tag-store.ts';
import { rescoredBatch, result } from '../../contract/tag-store-samples.ts';

const photos = [
  result('a', { cat: 0.9, dog: 0.5 }),
  result('b'),
  result('c', { dog: 1, 'blue sky': 0.0001, cat: 0 }),
];
const batch = rescoredBatch(photos);

describe('a batch of photos that were scored again', () => {
  it('says what was said of each', () => {
    expect(() => {
      checkRescored(batch);
    }).not.toThrow();
    expect(rescoredOf(batch)).toEqual(photos);
  });

  it.each<[string, Partial<RescoredBatch>]>([
    ['an id that cannot be', { photos: batch.photos.with(1, { ...batch.photos[1]!, photoId: '' }) }],
    [
      'a submission that is none',
      { photos: batch.photos.with(1, { photoId: 'b', submission: { epoch: 0.5, sequence: 1 } }) },
    ],
    ['an activation that is none', { activation: -1 }],
    ['a time that is none', { taggedAt: Number.NaN }],
    ['no model', { model: '' }],
    ['a model with a line break', { model: 'a\nb' }],
    ['no extractor', { extractor: '' }],
    ['a tag with a control character', { names: ['cat', 'd\u0000g', 'blue sky'] }],
    ['a tag that is too long', { names: ['cat', 'dog', 'x'.repeat(257)] }],
    ['a name twice', { names: ['cat', 'dog', 'dog'] }],
    ['a tag without a name', { names: ['cat', 'dog'] }],
    ['a photo too many', { photos: batch.photos.slice(1) }],
    ['a tag too many', { counts: Uint32Array.of(2, 1, 3) }],
    ['a tag without a score', { scores: batch.scores.subarray(1) }],
    ['a tag twice in a photo', { tags: Uint32Array.of(0, 0, 1, 2, 0) }],
    ['a score above 1', { scores: Uint16Array.of(10_001, 5_000, 10_000, 1, 0) }],
    ['a rising score', { scores: Uint16Array.of(5_000, 5_001, 10_000, 1, 0) }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => {
      checkRescored({ ...batch, ...wrong });
    }).toThrow(Fault);
  });
});

import { beforeAll, describe, expect, test } from 'vitest';
import { ActiveModel } from '../../../src/pool/active-model.ts';
import { ModelScorer } from '../../../src/model/model-scorer.ts';
import type { BlockContents } from '../../../src/model/model-writer.ts';
import type { Extractor } from '../../../src/vision/extractor.ts';
import { Kernel } from '../../../src/vision/kernel.ts';
import { type QuantisedFeatures, quantiseFeatures } from '../../../src/vision/quantised-features.ts';
import { softmax } from '../../../src/vision/scores.ts';
import { Lite0Reference } from '../../support/lite0-reference.ts';
import { blockContents, modelContents } from '../../support/model.ts';
import { publishedModel } from '../../support/published-model.ts';
import { seeded } from '../../support/random.ts';

let reference: Lite0Reference;
let kernel: Kernel;

beforeAll(async () => {
  reference = await Lite0Reference.load();
  kernel = Kernel.instantiate(reference.setup.kernel);
});

/** What a scorer needs to know of extractors. */
function extractors(dims: Readonly<Record<string, number>> = { lite0: reference.extractor.dims }) {
  const known = new Map(
    Object.entries(dims).map(([id, dims]): [string, Extractor] => [
      id,
      {
        ...reference.extractor,
        id,
        dims,
        input: { width: 1, height: 1, crop: 1 },
        describe: () => new Float32Array(dims),
      },
    ]),
  );
  return { extractor: (id: string) => known.get(id)! };
}

/** Of Lite0 alone. */
function featuresOf(x: QuantisedFeatures): ReadonlyMap<string, QuantisedFeatures> {
  return new Map([['lite0', x]]);
}

function features(seed: number, dims = reference.extractor.dims): QuantisedFeatures {
  const { fraction } = seeded(seed);
  return quantiseFeatures(Float32Array.from({ length: dims }, fraction));
}

describe('the active model', () => {
  test('is none at first, then the one of the highest activation, whatever comes later', async () => {
    const models = new ActiveModel();
    expect(() => models.current).toThrow('There is no model');
    const published = async (activation: number) =>
      publishedModel(modelContents(reference.randomBlock(['a'], activation)), reference, activation);
    const [first, second, third] = await Promise.all([1, 2, 3].map(published));
    expect(models.isOver(1)).toBe(false);
    expect(models.activate(second!)).toBe(true);
    expect(models.activate(first!)).toBe(false);
    expect(models.activate(second!)).toBe(false);
    expect(models.current).toBe(second);
    expect([1, 2, 3].map((activation) => models.isOver(activation))).toEqual([true, true, false]);
    expect(models.activate(third!)).toBe(true);
    expect(models.current).toBe(third);
  });
});

describe('a published model', () => {
  test.each([
    ['other parameters', { parametersHash: 'ef'.repeat(32) }],
    ['another version', { version: 99 }],
    ['another extractor', { id: 'hog' }],
    ['other dimensions', { dims: 64 }],
  ])('of %s is refused', async (_, other) => {
    const own = reference.extractor;
    const trained = { ...own, ...other };
    const block = { ...blockContents(['a', 'b'], trained.dims), extractor: trained };
    await expect(publishedModel(modelContents(block), reference)).rejects.toMatchObject({
      code: 'MODEL_EXTRACTOR',
    });
  });

  test('names classes of all blocks, and rounds scores to what people read', async () => {
    const contents = modelContents(reference.randomBlock(['2013', '__proto__'], 1), {
      ...reference.randomBlock(['c'], 2),
      name: 'second',
    });
    const model = await publishedModel(contents, reference);
    const found = { indices: Uint32Array.of(2, 0, 1), scores: Float32Array.of(0.93, 0.12345, 0) };
    expect(model.name(found)).toEqual([
      { tag: 'c', score: 0.93 },
      { tag: '2013', score: 0.1235 },
      { tag: '__proto__', score: 0 },
    ]);
    expect(model.extractor).toBe('lite0-1');
  });

  test('of blocks of several extractors names each once', async () => {
    const other = { ...reference.extractor, id: 'other', version: 2, dims: 8 };
    const blocks = [
      reference.randomBlock(['a'], 1),
      { ...blockContents(['b'], 8, 'platt', 'second'), extractor: other },
      { ...reference.randomBlock(['c'], 2), name: 'third' },
    ];
    const model = await publishedModel(modelContents(...blocks), {
      extractors: [reference.extractor, other],
    });
    expect(model.extractor).toBe('lite0-1+other-2');
  });
});

describe('a scorer', () => {
  test('gives several photos the tags that it gives each alone, to the last bit', async () => {
    const low = { thresholds: new Float32Array(3).fill(0.2) };
    const excluding = reference.randomBlock(['a', 'b', 'c'], 1);
    const model = await publishedModel(
      modelContents(
        { ...excluding, ...low, score: 'softmax', calibration: new Float32Array() },
        { ...reference.randomBlock(['d', 'e', 'f'], 2), ...low, name: 'second', rows: 'unit' },
      ),
      reference,
    );
    const scorer = new ModelScorer(kernel, extractors());
    const { dims } = reference.extractor;
    const photos = 67;
    const each = Array.from({ length: photos }, (_, photo) => features(photo));
    const rows = { values: new Uint8Array(photos * dims), scales: new Float32Array(2 * photos) };
    for (const [photo, { offset, scale, values }] of each.entries()) {
      rows.values.set(values, photo * dims);
      rows.scales.set([offset, scale], 2 * photo);
    }
    const found = scorer.tagRows(new Map([['lite0', rows]]), photos, model.handle);
    expect(found).toEqual(each.map((own) => scorer.score(featuresOf(own), model.handle, 0).tags));
    // Scores of all classes, and of those alone that are tags, are the same.
    expect(found).toEqual(each.map((own) => scorer.score(featuresOf(own), model.handle, 1).tags));
    expect(new Set(found.flatMap(({ indices }) => [...indices])).size).toBeGreaterThan(3);
  });

  test('scores each block by its own function: tags above their thresholds, and the best', async () => {
    const excluding = reference.randomBlock(['a', 'b', 'c'], 1);
    const model = await publishedModel(
      modelContents(
        { ...excluding, score: 'softmax', calibration: new Float32Array() },
        { ...reference.randomBlock(['d', 'e'], 2), name: 'second' },
      ),
      reference,
    );
    const scorer = new ModelScorer(kernel, extractors());
    const x = features(3);
    const { tags, best } = scorer.score(featuresOf(x), model.handle, 5);
    const { calibration, ...other } = reference.randomBlock(['d', 'e'], 2);
    const [first, second] = [margins(x, excluding), margins(x, other)];
    const platt = second.map((z, index) => {
      return 1 / (1 + Math.exp(calibration[2 * index]! * z + calibration[2 * index + 1]!));
    });
    const expected = [...softmax(Float32Array.from(first)), ...platt];
    const scores = new Map(Array.from(best.indices, (index, place) => [index, best.scores[place]!]));
    expect(scores.size).toBe(5);
    for (const [index, score] of expected.entries()) expect(scores.get(index)).toBeCloseTo(score, 4);
    expect([...best.scores]).toEqual([...best.scores].sort((left, right) => right - left));
    const above = expected.flatMap((score, index) => (score >= 0.5 ? [index] : []));
    expect([...tags.indices].sort()).toEqual(above);
    expect(scorer.score(featuresOf(x), model.handle, 0).best.indices).toHaveLength(0);
  });

  test('tells models of one activation number apart, and goes back to one that it has dropped', async () => {
    const scorer = new ModelScorer(kernel, extractors());
    const x = features(4);
    const models = await Promise.all(
      [1, 2, 3, 4].map((seed) =>
        publishedModel(modelContents(reference.randomBlock(['a', 'b'], seed)), reference, 1),
      ),
    );
    const first = models.map((model) => scorer.score(featuresOf(x), model.handle, 2).best);
    const again = models.map((model) => scorer.score(featuresOf(x), model.handle, 2).best);
    expect(again).toEqual(first);
    expect(new Set(first.map(({ scores }) => scores.join())).size).toBe(models.length);
  });

  test('scores each block on the features of its extractor', async () => {
    const other = { ...reference.extractor, id: 'other', dims: 8 };
    const blocks = [
      { ...blockContents(['b', 'c'], 8, 'platt', 'second'), extractor: other },
      reference.randomBlock(['a'], 1),
      { ...blockContents(['d'], 8, 'platt', 'third'), extractor: other },
    ];
    const model = await publishedModel(modelContents(...blocks), {
      extractors: [reference.extractor, other],
    });
    const scorer = new ModelScorer(kernel, extractors({ lite0: reference.extractor.dims, other: 8 }));
    expect(scorer.extractorsOf(model.handle).map(({ id }) => id)).toEqual(['other', 'lite0']);
    const [x, y] = [features(5), features(6, 8)];
    const both = new Map([...featuresOf(x), ['other', y]]);
    const { best } = scorer.score(both, model.handle, 4);
    const expected = blocks.flatMap(({ calibration, ...block }, place) =>
      margins(place === 1 ? x : y, block).map(
        (z, index) => 1 / (1 + Math.exp(calibration[2 * index]! * z + calibration[2 * index + 1]!)),
      ),
    );
    for (const [place, index] of best.indices.entries())
      expect(best.scores[place]).toBeCloseTo(expected[index]!, 4);
    expect(() => scorer.score(featuresOf(x), model.handle, 4)).toThrow('features of other are missing');
  });

  test('refuses a model of other features than its own', async () => {
    const scorer = new ModelScorer(kernel, extractors({ lite0: 64 }));
    const model = await publishedModel(modelContents(reference.randomBlock(['a'], 1)), reference);
    expect(() => scorer.extractorsOf(model.handle)).toThrow(
      expect.objectContaining({ code: 'MODEL_EXTRACTOR' }) as Error,
    );
  });
});

/** Margins of a block in plain arithmetic. */
function margins({ offset, scale, values }: QuantisedFeatures, { w, b }: Pick<BlockContents, 'w' | 'b'>) {
  return Array.from(b, (own, row) => {
    const weights = w.subarray(row * values.length, (row + 1) * values.length);
    return weights.reduce((sum, weight, index) => sum + weight * (offset + scale * values[index]!), -own);
  });
}

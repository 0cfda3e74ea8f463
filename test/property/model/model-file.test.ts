import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { maxNameBytes, nameProblem } from '../../../src/base/ids.ts';
import { readModel } from '../../../src/model/model-file.ts';
import { viewBlocks } from '../../../src/model/model-layout.ts';
import { type ModelContents, writeModel } from '../../../src/model/model-writer.ts';
import { scoreFunctions } from '../../../src/vision/scores.ts';
import { blockContents, modelContents, temporaryFolder } from '../../support/model.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());
const at = (name: string) => join(folder.path, name);

const className = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: maxNameBytes })
  .filter((name) => nameProblem(name) === undefined);
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

const model: fc.Arbitrary<ModelContents> = fc
  .tuple(
    fc.uniqueArray(className, { minLength: 1, maxLength: 30 }),
    fc.array(
      fc.record({ dims: fc.integer({ min: 1, max: 40 }), score: fc.constantFrom(...scoreFunctions) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    fc.array(finite, { minLength: 1, maxLength: 64 }),
  )
  .map(([names, shapes, values]) => {
    const blocks = shapes.flatMap(({ dims, score }, index) => {
      const classes = names.filter((_, place) => place % shapes.length === index);
      if (classes.length === 0) return [];
      const made = blockContents(classes, dims, score, `block ${String(index)}`);
      return [{ ...made, w: made.w.map((_, place) => values[place % values.length]!) }];
    });
    return modelContents(...blocks);
  });

it('any model comes back from its file as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(model, async (contents) => {
      const id = await writeModel(at('model'), contents);
      const read = await readModel(at('model'));
      expect(read.id).toBe(id);
      expect(read.header.provenance).toEqual(contents.provenance);
      let firstClass = 0;
      for (const [index, view] of viewBlocks(read.layout, read.buffer).entries()) {
        const block = contents.blocks[index]!;
        const { name, extractor, score, classes } = block;
        expect(read.header.blocks[index]).toEqual({ name, extractor, score, classes });
        expect([view.score, view.dims, view.firstClass]).toEqual([score, extractor.dims, firstClass]);
        const rows = Array.from({ length: view.classes }, (_, row) => [
          ...view.w.subarray(row * view.stride, row * view.stride + view.dims),
        ]);
        expect(Float32Array.from(rows.flat())).toEqual(block.w);
        expect(view.b.slice()).toEqual(block.b);
        expect(view.calibration.slice()).toEqual(block.calibration);
        expect(view.thresholds.slice()).toEqual(block.thresholds);
        firstClass += view.classes;
      }
      expect(await writeModel(at('again'), contents)).toBe(id);
    }),
    { numRuns: 150 },
  );
});

it('a file with any one byte changed, or cut anywhere, is refused', async () => {
  await writeModel(at('whole'), modelContents(blockContents(['cat', 'dog'], 5, 'platt')));
  const whole = await readFile(at('whole'));
  const refused = async (bytes: Uint8Array) => {
    await writeFile(at('changed'), bytes);
    const thrown: unknown = await readModel(at('changed')).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Fault);
    expect((thrown as Fault).code).toMatch(/^MODEL_(FORMAT|DAMAGED)$/);
    expect((thrown as Fault).message).not.toContain('{');
  };
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 1 << (at % 8);
    await refused(changed);
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
      const changed = Buffer.from(whole);
      changed[place]! ^= change;
      await refused(changed);
      await refused(whole.subarray(0, place));
    }),
    { numRuns: 300 },
  );
});

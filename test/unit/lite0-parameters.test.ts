import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { lite0Onnx } from '../../bench/kernel/lite0-onnx.ts';
import { OnnxReference } from '../../bench/kernel/onnx-reference.ts';
import { setupFiles } from '../../src/base/package-root.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { packLite0 } from '../../src/vision/lite0-parameters.ts';
import { loadParameters, readParameters } from '../../src/vision/parameter-file.ts';
import { Filler } from '../support/kernel-arbitraries.ts';
import { narrowCheckpoint } from '../support/lite0-checkpoint.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

const side = 224;
const photo = (seed: number): Uint8Array => new Filler(seed).bytes(side * side * 3);

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((sum, value, at) => sum + value * y[at]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe('a packed checkpoint', () => {
  it('gives the features of the same network in float', async () => {
    for (const seed of [1, 2]) {
      const checkpoint = narrowCheckpoint(seed);
      const extractor = kernel.loadExtractor(readParameters(packLite0(checkpoint).parameters));
      const reference = await OnnxReference.load(lite0Onnx(checkpoint), extractor.input, 1);
      for (const rgb of [
        photo(seed),
        new Uint8Array(side * side * 3),
        new Uint8Array(side * side * 3).fill(255),
      ]) {
        const { features } = await reference.describe(rgb);
        const described = extractor.describe(rgb);
        expect(cosine(described, features)).toBeGreaterThan(0.9999);
        expect(Math.hypot(...described) / Math.hypot(...features)).toBeCloseTo(1, 2);
      }
      await reference.close();
    }
  });

  it('is the same file every time, of its own hash', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => packLite0(narrowCheckpoint(seed)).parameters);
    expect(first).toEqual(again);
    const [a, b] = [first!, other!].map(
      (bytes) => kernel.loadExtractor(readParameters(bytes)).parametersHash,
    );
    expect(a).not.toBe(b);
  });

  it('has the classifier as z = w · x − b', () => {
    const checkpoint = narrowCheckpoint(1);
    const { w, b } = packLite0(checkpoint).head;
    expect(w).toEqual(checkpoint.get('_fc.weight')!.data);
    expect([...b]).toEqual([...checkpoint.get('_fc.bias')!.data].map((value) => -value));
  });

  it('is refused when a tensor is missing, short, or not numbers', () => {
    const fault = expect.objectContaining({ code: 'WEIGHTS_DAMAGED' }) as Error;
    for (const name of [
      '_conv_stem.weight',
      '_blocks.3._bn1.running_var',
      '_blocks.15._project_conv.weight',
      '_fc.bias',
    ]) {
      const missing = narrowCheckpoint(1);
      missing.delete(name);
      expect(() => packLite0(missing), name).toThrow(fault);
      const cut = narrowCheckpoint(1);
      cut.set(name, { shape: [1], data: Float32Array.of(1) });
      expect(() => packLite0(cut), name).toThrow(fault);
    }
    const broken = narrowCheckpoint(1);
    broken.get('_bn0.bias')!.data[3] = Number.NaN;
    expect(() => packLite0(broken)).toThrow(fault);
  });
});

describe('lite0 as it is set up', () => {
  it('gives the features it has always given: another golden needs another version', async () => {
    const extractor = kernel.loadExtractor(await loadParameters(setupFiles.lite0));
    expect(extractor).toMatchObject({ id: 'lite0', version: 1, dims: 1280 });
    const features = extractor.describe(photo(1));
    expect(createHash('sha256').update(new Uint8Array(features.buffer)).digest('hex')).toBe(
      'd9e616051d3899cd7545481547097608023bc73b72c07ea53744c643de18bb6e',
    );
  });
});

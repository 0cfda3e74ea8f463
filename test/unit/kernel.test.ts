import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { Kernel } from '../../src/vision/kernel.ts';
import { type ParameterHeader, readParameters, type StepHeader } from '../../src/vision/parameter-file.ts';
import type { QuantisedRows } from '../../src/vision/quantised-features.ts';
import type { QuantisedWeights } from '../../src/vision/quantised-weights.ts';
import { scalarAverage, scalarDepthwise, scalarPointwise, scalarStem } from '../support/scalar-reference.ts';
import { smallHeader, smallParameters, smallPhoto, smallSteps } from '../support/small-trunk.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = Kernel.instantiate(await Kernel.compile());
});

/** The small trunk by the scalar reference. */
function scalarFeatures(photo: Uint8Array): Float32Array {
  const { input, offset, scale, steps } = smallHeader;
  const parameters = smallSteps();
  let shape = { rows: input.height, columns: input.width };
  const outputs: Int16Array[] = [];
  steps.forEach((step, index) => {
    const { weights, ...rest } = parameters[index]!;
    const constants = { ...rest, low: step.low, high: step.high };
    const before = outputs.at(-1) ?? new Int16Array();
    if (step.kind === 'pointwise') {
      const residual = step.residual === undefined ? undefined : outputs[step.residual];
      outputs.push(scalarPointwise(before, steps[index - 1]!.outputs, residual, weights, constants));
      return;
    }
    const window = { ...shape, kernel: step.kernel, stride: step.stride };
    outputs.push(
      step.kind === 'stem'
        ? scalarStem(photo, window, offset, weights, constants)
        : scalarDepthwise(before, window, weights, constants),
    );
    shape = { rows: Math.ceil(shape.rows / step.stride), columns: Math.ceil(shape.columns / step.stride) };
  });
  return scalarAverage(outputs.at(-1)!, smallHeader.dims, scale);
}

describe('an extractor', () => {
  it('chains its steps as the scalar reference does, photo after photo', () => {
    const extractor = kernel.loadExtractor(readParameters(smallParameters()));
    for (const seed of [1, 2, 3, 1]) {
      const features = extractor.describe(smallPhoto(seed));
      expect(features).toEqual(scalarFeatures(smallPhoto(seed)));
      expect(new Set(features).size).toBeGreaterThan(4);
    }
  });

  it('gives the features it has always given', () => {
    const features = kernel.loadExtractor(readParameters(smallParameters())).describe(smallPhoto(7));
    expect(createHash('sha256').update(new Uint8Array(features.buffer)).digest('hex')).toBe(
      '4de88bdcd7c62ed8711769dae3012f47f7474b137ae1a7b7f664b58416689001',
    );
  });

  it('says what it is', () => {
    const { id, version, dims, input, parametersHash } = kernel.loadExtractor(
      readParameters(smallParameters()),
    );
    expect({ id, version, dims, input }).toEqual({
      id: 'small',
      version: 1,
      dims: 16,
      input: smallHeader.input,
    });
    expect(parametersHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('hands out copies, and works beside others in the same memory', () => {
    const first = kernel.loadExtractor(readParameters(smallParameters()));
    const before = first.describe(smallPhoto(1));
    const kept = before.slice();
    const others = Array.from({ length: 40 }, () => kernel.loadExtractor(readParameters(smallParameters())));
    others.forEach((other, seed) => other.describe(smallPhoto(seed + 2)));
    expect(before).toEqual(kept);
    expect(first.describe(smallPhoto(1))).toEqual(kept);
  });

  it('runs step by step to the same features', () => {
    const extractor = kernel.loadExtractor(readParameters(smallParameters()));
    const kinds = extractor.profile(smallPhoto(1)).map(({ kind }) => kind);
    expect(kinds).toEqual([...smallHeader.steps.map(({ kind }) => kind), 'pool']);
  });

  it('refuses a photo of another size', () => {
    const extractor = kernel.loadExtractor(readParameters(smallParameters()));
    expect(() => extractor.describe(new Uint8Array(3))).toThrow(Fault);
    expect(extractor.describe(smallPhoto(1))).toEqual(scalarFeatures(smallPhoto(1)));
  });
});

describe('a parameter file that cannot be used is refused with its reason', () => {
  const good = smallParameters();
  const refused = (bytes: Uint8Array, reason: RegExp): void => {
    expect(() => kernel.loadExtractor(readParameters(bytes, 'x.parameters'), 'x.parameters')).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_DAMAGED', message: expect.stringMatching(reason) as string }),
    );
  };
  const withSteps = (change: (steps: StepHeader[]) => StepHeader[]): Uint8Array => {
    const header: ParameterHeader = { ...smallHeader, steps: change([...smallHeader.steps]) };
    return smallParameters(header);
  };

  it('cut', () => {
    for (const length of [0, 7, 8, 40, 43, 44, 100, 900, good.length - 1])
      refused(good.subarray(0, length), /x\.parameters/);
  });

  it('flipped, at any byte', () => {
    for (let at = 0; at < good.length; at += 41) {
      const bytes = good.slice();
      bytes[at]! ^= 4;
      refused(bytes, /not a parameter file|checksum/);
    }
  });

  it('longer than it was', () => {
    refused(Uint8Array.from([...good, 0]), /checksum/);
  });

  it('foreign', () => {
    refused(new TextEncoder().encode('PK\x03\x04'.repeat(40)), /not a parameter file/);
  });

  it('whole, but with steps that do not fit together', () => {
    refused(
      withSteps((steps) => steps.slice(1)),
      /no stem/,
    );
    refused(
      withSteps((steps) => [...steps, steps[0]!]),
      /first step/,
    );
    refused(
      withSteps((steps) => steps.toSpliced(3, 1, { ...steps[3]!, residual: 1 } as StepHeader)),
      /residual/,
    );
    refused(
      withSteps((steps) => steps.toSpliced(3, 1, { ...steps[3]!, residual: 3 } as StepHeader)),
      /residual/,
    );
    refused(
      withSteps((steps) => steps.toSpliced(1, 1)),
      /channels/,
    );
    refused(
      withSteps((steps) => steps.toSpliced(2, 1, { ...steps[2]!, weights: 24 * 24 })),
      /weights/,
    );
    refused(
      withSteps((steps) => steps.slice(0, -1)),
      /features/,
    );
    refused(
      withSteps((steps) =>
        steps.toSpliced(2, 1, { ...steps[2]!, kernel: 7, weights: 24 * 49 } as StepHeader),
      ),
      /7/,
    );
    refused(
      withSteps((steps) => steps.toSpliced(1, 1, { ...steps[1]!, outputs: 23, weights: 23 * 8 })),
      /8s/,
    );
    refused(
      withSteps((steps) => steps.toSpliced(1, 1, { ...steps[1]!, low: 5, high: 4 })),
      /bound/,
    );
  });

  it('whole, but for an input that no memory holds', () => {
    refused(
      smallParameters({ ...smallHeader, input: { width: 100_000, height: 100_000, crop: 1 } }),
      /100000/,
    );
  });
});

describe('margins', () => {
  const block: QuantisedWeights = {
    classes: 3,
    dims: 2,
    panels: Int16Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    constants: Float32Array.of(
      ...[1, 1, 1, 0, 0, 0, 0, 0],
      ...[2, 2, 2, 0, 0, 0, 0, 0],
      ...[0, 1, 2, 0, 0, 0, 0, 0],
    ),
  };
  const rows = (values: number[], ...scales: number[]): QuantisedRows => {
    return { values: Uint8Array.from(values), scales: Float32Array.from(scales) };
  };

  it('of a batch, row-major by photo', () => {
    expect([...kernel.margins(rows([1, 2, 10, 20], 0, 1, 5, 0.5), block)]).toEqual([3, 2, 1, 25, 24, 23]);
  });

  it('refuses shapes that do not fit', () => {
    const fault = expect.objectContaining({ code: 'REQUEST_INVALID' }) as Error;
    expect(() => kernel.margins(rows([1, 2, 3], 0, 1), block)).toThrow(fault);
    expect(() => kernel.margins(rows([1, 2], 0, 1, 0), block)).toThrow(fault);
    const one = rows([1, 2], 0, 1);
    expect(() => kernel.margins(one, { ...block, classes: 9 })).toThrow(fault);
    expect(() => kernel.margins(one, { ...block, panels: new Int16Array(15) })).toThrow(fault);
    expect(() => kernel.margins(one, { ...block, constants: new Float32Array(23) })).toThrow(fault);
    expect(() => kernel.margins(rows([], 0, 1), { ...block, dims: 0 })).toThrow(fault);
  });
});

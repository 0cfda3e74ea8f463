import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dequantiseFeatures, quantiseFeatures } from '../../src/vision/quantised-features.ts';

const value = fc.float({
  noNaN: true,
  noDefaultInfinity: true,
  min: Math.fround(-1e30),
  max: Math.fround(1e30),
});

it('no feature moves by more than half a step', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), (numbers) => {
      const x = Float32Array.from(numbers);
      const { offset, scale, values } = quantiseFeatures(x);
      const back = new Float32Array(x.length);
      dequantiseFeatures(values, Float32Array.of(offset, scale), back);
      const peak = x.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      // Half a step, and the rounding of float32: of the step 255 times over, of the sum once.
      const bound = scale / 2 + peak * 2 ** -22 + 255 * 2 ** -149;
      for (const [index, each] of x.entries())
        expect(Math.abs(back[index]! - each)).toBeLessThanOrEqual(bound);
    }),
  );
});

it('rows come back each by its own scale', () => {
  const rows = [Float32Array.of(0, 255), Float32Array.of(-2, 2 * 255 - 2), Float32Array.of(7, 7)];
  const quantised = rows.map(quantiseFeatures);
  const into = new Float32Array(6);
  dequantiseFeatures(
    Uint8Array.from(quantised.flatMap(({ values }) => [...values])),
    Float32Array.from(quantised.flatMap(({ offset, scale }) => [offset, scale])),
    into,
  );
  expect([...into]).toEqual([0, 255, -2, 508, 7, 7]);
});

it('refuses what is not finite, or would not come back finite', () => {
  const largest = 3.4028234663852886e38;
  for (const odd of [NaN, Infinity, -Infinity])
    for (const place of [0, 1, 2])
      expect(() => quantiseFeatures(Float32Array.of(1, 2, 3).fill(odd, place, place + 1))).toThrow(
        'not finite',
      );
  expect(() => quantiseFeatures(Float32Array.of(Infinity, -Infinity))).toThrow('not finite');
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(largest, -largest, 0, 1), { minLength: 1, maxLength: 5 }),
      (numbers) => {
        const x = Float32Array.from(numbers);
        try {
          const { offset, scale, values } = quantiseFeatures(x);
          const back = new Float32Array(x.length);
          dequantiseFeatures(values, Float32Array.of(offset, scale), back);
          expect(back.every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toHaveProperty('code', 'FEATURES_NOT_FINITE');
        }
      },
    ),
  );
});

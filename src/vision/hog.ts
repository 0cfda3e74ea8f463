import { createHash } from 'node:crypto';
import { HogKernel } from '#kernel';
import { Fault } from '../base/errors.ts';
import type { Extractor, ExtractorIdentity, InputShape } from './extractor.ts';
import type { Kernel } from './kernel.ts';

/** What the features are, in words: stands for the parameter file that this extractor does not have. */
const description = [
  'RGB 128 × 128, and halved once and twice; central differences of the steepest colour',
  '4 × 4 cells, bilinear, of 18 orientations, linear',
  'blocks of 2 × 2 cells, energy + 0.5 a pixel; clip 0.2; 18 signed, 9 unsigned, 4 texture sums',
  '4 × 4 cells, bilinear, of 4 levels × 12 hues weighted by √(saturation · chroma), and 9 greys, linear; √(part)',
  '(v − mean) / deviation: signed 0.132, 0.093; unsigned 0.243, 0.115; texture 0.28, 0.082; hues 0.029, 0.062; greys 0.228, 0.184',
].join('\n');

const input: InputShape = { width: 128, height: 128, crop: 1 };

/** The extractor of histograms of oriented gradients and of HSV colours; it is part of the kernel, and has no parameters. */
export const hogIdentity: ExtractorIdentity = {
  id: 'hog',
  version: 2,
  dims: 2400,
  parametersHash: createHash('sha256').update(description).digest('hex'),
};

/**
 * HOG + HSV in this thread: `[3 × 4 × 4 × 31]` of gradients, at full size, half and a quarter; then `[4 × 4 × 57]` of colours; rows before
 * columns. Each of the five kinds of numbers has a mean near 0 and a deviation near 1 over photos at large.
 *
 * Of a cell of gradients: 18 directions in which it gets brighter, from the right clockwise; 9 directions of edges; 4 of texture. Of a
 * cell of colours: 12 hues from red for each of 4 levels of brightness, then 9 greys, darkest first.
 */
export class HogExtractor implements Extractor {
  readonly id = hogIdentity.id;
  readonly version = hogIdentity.version;
  readonly dims = hogIdentity.dims;
  readonly parametersHash = hogIdentity.parametersHash;
  readonly input = input;
  readonly #memory: WebAssembly.Memory;
  readonly #hog = new HogKernel();

  constructor({ memory }: Kernel) {
    this.#memory = memory;
  }

  describe(rgb: Uint8Array): Float32Array {
    const bytes = input.width * input.height * 3;
    if (rgb.length !== bytes)
      throw new Fault('INTERNAL', {
        reason: `a photo for hog has ${String(bytes)} bytes, not ${String(rgb.length)}`,
      });
    new Uint8Array(this.#memory.buffer, this.#hog.photo(), bytes).set(rgb);
    this.#hog.run();
    return new Float32Array(this.#memory.buffer, this.#hog.features(), this.dims).slice();
  }
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setupFiles } from '../../src/base/package-root.ts';
import { readModel } from '../../src/model/model-file.ts';
import type { ExtractorReference } from '../../src/model/model-header.ts';
import { quantiseModel } from '../../src/model/quantised-model.ts';
import { writeModel } from '../../src/model/model-writer.ts';
import { PublishedModel } from '../../src/pool/published-model.ts';
import { extractorIdentities } from '../../src/vision/extractors.ts';
import { readParameters } from '../../src/vision/parameter-file.ts';
import { quantiseFeatures, type QuantisedFeatures } from '../../src/vision/quantised-features.ts';
import { RandomNumbers } from '../train/random-numbers.ts';

/** What the made-up features are of. */
export const extractor = identity();

function identity(): ExtractorReference {
  const [lite0] = extractorIdentities(readParameters(readFileSync(setupFiles.lite0), setupFiles.lite0));
  if (lite0 === undefined) throw new Error('there is no extractor');
  const { id, version, dims, parametersHash } = lite0;
  return { id, version, dims, parametersHash };
}

/** Features of photos from number `first` on: bell-shaped. */
export function madeRows(first: number, count: number): QuantisedFeatures[] {
  const random = new RandomNumbers(first + 1);
  return Array.from({ length: count }, () =>
    quantiseFeatures(Float32Array.from({ length: extractor.dims }, () => random.bell())),
  );
}

/** Some of them are tags: of margins whose spread is 1, five in a photo are above. */
const tagsWanted = 5;

/** Models of one block each that are no good, but have the size and the number of tags that a good one has. */
export class MadeModels {
  readonly #folder: string;
  readonly #classes: number;
  #made = 0;

  constructor(folder: string, classes: number) {
    this.#folder = folder;
    this.#classes = classes;
  }

  /** Another one, as nodes have it after its activation. */
  async next(): Promise<PublishedModel> {
    const [number, classes, { dims }] = [(this.#made += 1), this.#classes, extractor];
    const random = new RandomNumbers(number);
    const step = 1 / Math.sqrt(dims);
    const file = join(this.#folder, 'made.model');
    await writeModel(file, {
      created: '2026-01-01T00:00:00Z',
      provenance: { description: 'made for a bench', sources: [] },
      blocks: [
        {
          name: 'made',
          extractor,
          score: 'platt',
          classes: Array.from({ length: classes }, (_, index) => `class ${String(index)}`),
          w: Float32Array.from({ length: classes * dims }, () => step * random.bell()),
          b: new Float32Array(classes),
          calibration: Float32Array.from({ length: 2 * classes }, (_, index) => (index % 2 === 0 ? -1 : 0)),
          thresholds: new Float32Array(classes).fill(thresholdFor(tagsWanted / classes)),
        },
      ],
    });
    return new PublishedModel(await quantiseModel(await readModel(file)), number, [extractor]);
  }
}

/** The score that so large a share of bell-shaped margins is above, by Platt's sigmoid with A = −1, B = 0. */
function thresholdFor(share: number): number {
  // Abramowitz and Stegun, 26.2.22: off by 0.003 at most.
  const t = Math.sqrt(-2 * Math.log(share));
  const margin = t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t);
  return 1 / (1 + Math.exp(-margin));
}

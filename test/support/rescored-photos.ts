import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setupFiles } from '../../src/base/package-root.ts';
import { systemClock } from '../../src/base/clock.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import type { ExtractorReference } from '../../src/model/model-header.ts';
import { type BlockContents, writeModel } from '../../src/model/model-writer.ts';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import type { TagResult } from '../../src/store/tag-store.ts';
import { extractorIdentities } from '../../src/vision/extractors.ts';
import { readParameters } from '../../src/vision/parameter-file.ts';
import { quantiseFeatures } from '../../src/vision/quantised-features.ts';
import { modelContents } from './model.ts';
import { seeded } from './random.ts';

/** The extractors of a node. */
const extractors: readonly ExtractorReference[] = extractorIdentities(
  readParameters(readFileSync(setupFiles.lite0)),
).map(({ id, version, dims, parametersHash }) => ({ id, version, dims, parametersHash }));

/** Features as an extractor may have them: never negative, most of them small. */
function madeFeatures(fraction: () => number, dims: number): Float32Array {
  return Float32Array.from({ length: dims }, () => 2 * fraction() ** 4);
}

/** A block of classifiers that are no good, each of which finds its tag in some photos. */
export function madeBlock(
  extractor: 'lite0' | 'hog',
  classes: number,
  { seed = 1, name = `${extractor} ${String(seed)}`, threshold = 0.9 } = {},
): BlockContents {
  const { fraction } = seeded(seed);
  const reference = extractors.find(({ id }) => id === extractor)!;
  const { dims } = reference;
  // Of sums whose spread is about 1 where features are those above.
  const step = 4 / Math.sqrt(dims);
  return {
    name,
    extractor: reference,
    score: 'platt',
    classes: Array.from({ length: classes }, (_, index) => `${name} ${String(index)}`),
    w: Float32Array.from({ length: classes * dims }, () => step * (fraction() - 0.5)),
    b: new Float32Array(classes),
    calibration: Float32Array.from({ length: 2 * classes }, (_, index) => (index % 2 === 0 ? -1.5 : 0)),
    thresholds: new Float32Array(classes).fill(threshold),
  };
}

/** Writes a model of such blocks into a folder; answers the file. */
export async function writeMadeModel(folder: string, ...blocks: readonly BlockContents[]): Promise<string> {
  const file = join(folder, `${blocks.map(({ name }) => name).join('+')}.model`);
  await writeModel(file, modelContents(...blocks));
  return file;
}

const fillRows = 2_048;

/** Fills the data folder of a node that does not run with photos that it has tagged, by its first model, and whose features it has kept. */
export async function fillWithPhotos(data: string, photos: number): Promise<void> {
  const { fraction } = seeded(photos);
  const extractor = extractors.find(({ id }) => id === 'lite0')!;
  await onStores(data, async (tags, features) => {
    for (let first = 0; first < photos; first += fillRows) {
      const ids = Array.from({ length: Math.min(fillRows, photos - first) }, (_, at) => madeId(first + at));
      await tags.write(ids.map((photoId, at) => taggedPhoto(photoId, first + at)));
      const rows = ids.map((id) => {
        return {
          id,
          features: [{ extractor, features: quantiseFeatures(madeFeatures(fraction, extractor.dims)) }],
        };
      });
      await features.append(rows);
    }
  });
}

/** The id of a photo that {@link fillWithPhotos} made. */
function madeId(index: number): string {
  return `made ${String(index)}`;
}

function taggedPhoto(photoId: string, index: number): TagResult {
  return {
    photoId,
    submission: { epoch: 1_700_000_000_000, sequence: index + 1 },
    activation: 1,
    model: 'a'.repeat(64),
    extractor: 'lite0-1',
    taggedAt: 1_700_000_000_000 + index,
    tags: [{ tag: 'before', score: 0.5 }],
    ...(index % 3 === 0 ? { attributes: { camera: index } } : {}),
  };
}

/** The rows of made photos, on a node that does not run. */
export async function madeRows(data: string, photos: number): Promise<TagResult[]> {
  const rows: TagResult[] = [];
  await onStores(data, async (tags) => {
    for (let index = 0; index < photos; index += 1) rows.push((await tags.get(madeId(index)))!);
  });
  return rows;
}

async function onStores(
  data: string,
  work: (tags: EmbeddedTagStore, features: EmbeddedFeatureStores) => Promise<void>,
): Promise<void> {
  const tags = await EmbeddedTagStore.open({ file: join(data, 'tags.db') });
  const report = (fault: Error) => {
    throw fault;
  };
  const features = new EmbeddedFeatureStores({ folder: join(data, 'features'), clock: systemClock, report });
  await features.open();
  try {
    await work(tags, features);
  } finally {
    await features.close();
    await tags.close();
  }
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setupFiles } from '../../src/base/package-root.ts';
import { writeModel } from '../../src/model/model-writer.ts';
import { readParameters } from '../../src/vision/parameter-file.ts';
import { NodeProcess } from '../node/node-process.ts';
import { PhotoClient } from '../node/photo-client.ts';
import { loadPhotos } from '../photos/photo-set.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import type { Progress } from '../results/part.ts';

const fewWorkers = 1;
const manyWorkers = 4;
const classes = 48_000;
/** Enough for every thread to have tagged some, and its buffers to have their size. */
const photosPerWorker = 16;
const mebibyte = 1024 * 1024;

/** Resident memory of the node process after a garbage collection, MiB; its nats-server is not in it. */
export interface MemoryFigures {
  /** With the starter model, by worker count. */
  readonly starter: Readonly<Record<string, number>>;
  /** With a made-up model of {@link classes} classes, by worker count. */
  readonly wide: Readonly<Record<string, number>>;
  /** Size of the made-up model's matrix as threads share it, 16 bits a weight, MiB. */
  readonly matrixMib: number;
  /** What a further worker costs more with the made-up model than with the starter model, in matrices: 0 if all share one, 1 if each had its own. */
  readonly matricesPerWorker: number;
}

/** Measures what workers cost, and that a larger matrix does not make them dearer. */
export async function memoryBench(folder: string | undefined, progress: Progress): Promise<MemoryFigures> {
  const photos = await loadPhotos(folder);
  const measure = async (model: 'starter' | 'wide') => {
    const rss: Record<string, number> = {};
    for (const workers of [fewWorkers, manyWorkers]) {
      rss[workers] = await residentMib(photos, workers, model);
      progress(`${String(workers)} workers, the ${model} model: ${rss[workers].toFixed(0)} MiB`);
    }
    return rss;
  };
  const starter = await measure('starter');
  const wide = await measure('wide');
  const matrixMib = (classes * (await extractor()).dims * Int16Array.BYTES_PER_ELEMENT) / mebibyte;
  const perWorker = (rss: Record<string, number>) =>
    (rss[manyWorkers]! - rss[fewWorkers]!) / (manyWorkers - fewWorkers);
  return { starter, wide, matrixMib, matricesPerWorker: (perWorker(wide) - perWorker(starter)) / matrixMib };
}

async function residentMib(
  photos: readonly BenchPhoto[],
  workers: number,
  model: 'starter' | 'wide',
): Promise<number> {
  const node = await NodeProcess.start({ options: { threads: workers } });
  const client = await PhotoClient.connect(node);
  try {
    if (model === 'wide') await client.activate(await writeWideModel(node.dataFolder));
    const count = workers * photosPerWorker;
    await client.tag(
      Array.from({ length: count }, (_, index) => {
        const { name, bytes } = photos[index % photos.length]!;
        return { name: `${String(index)}-${name}`, bytes };
      }),
    );
    return (await node.usage()).residentBytes / mebibyte;
  } finally {
    await client.close();
    await node.stop();
  }
}

async function extractor() {
  const { header, hash } = readParameters(await readFile(setupFiles.lite0), setupFiles.lite0);
  return { id: header.extractor, version: header.version, dims: header.dims, parametersHash: hash };
}

/** Numbers without a meaning; nothing reaches its threshold. Answers the file. */
async function writeWideModel(folder: string): Promise<string> {
  const features = await extractor();
  const w = new Float32Array(classes * features.dims);
  w.forEach((_, at) => (w[at] = Math.sin(at) / features.dims));
  const block = {
    name: 'wide',
    extractor: features,
    score: 'softmax' as const,
    classes: Array.from({ length: classes }, (_, index) => `class ${String(index)}`),
    w,
    b: new Float32Array(classes),
    calibration: new Float32Array(),
    thresholds: new Float32Array(classes).fill(1),
  };
  const provenance = { description: 'made up by the bench', sources: [] };
  const contents = { created: new Date().toISOString(), provenance, blocks: [block] };
  const file = join(folder, 'wide.model');
  await writeModel(file, contents);
  return file;
}

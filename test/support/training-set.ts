import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../src/base/errors.ts';
import { BlobStore } from '../../src/model/blob-store.ts';
import { FeatureBlockReader } from '../../src/model/training-set/feature-block.ts';
import {
  type JoinedTrainingSet,
  type JoinInput,
  joinTrainingSet,
} from '../../src/model/training-set/join-training-set.ts';
import { LabelBlockReader } from '../../src/model/training-set/label-block.ts';
import type { FeatureSource } from '../../src/model/training-set/photo-order.ts';
import type { Shard, TrainingSet } from '../../src/model/training-set/training-set.ts';

/** Runs something with a folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-training-set-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A photo's labels in a training set: class and +1 or −1. */
export type LabelMap = Record<string, number>;

/** Features in memory, each row made from its photo's id. */
export function featuresOf(ids: readonly string[], dims = 4, damaged: readonly string[] = []): FeatureSource {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- it stands for a reader of files
    async *photos() {
      for (let first = 0; first < ids.length; first += 1_000) {
        const some = ids.slice(first, first + 1_000);
        yield { ids: some, places: Uint32Array.from(some.keys(), (index) => first + index) };
      }
    },
    read(places, { values, scales }, onDamaged) {
      for (const [row, place] of places.entries()) {
        const id = ids[place] ?? '';
        if (damaged.includes(id)) onDamaged(row, new Fault('INTERNAL', { reason: 'damaged' }));
        values.set(rowOf(id, dims), row * dims);
        scales.set([id.length, 1], 2 * row);
      }
      return Promise.resolve();
    },
  };
}

function rowOf(id: string, dims: number): Buffer {
  return createHash('sha256').update(id).digest().subarray(0, dims);
}

/** What the shards of a training set hold, by photo; throws if a photo is in two of them, or has features of another. */
export async function readShards(
  blobs: BlobStore,
  { classes }: TrainingSet,
  shards: readonly Shard[],
): Promise<Map<string, LabelMap>> {
  const photos = new Map<string, LabelMap>();
  for (const shard of shards) {
    const features = await FeatureBlockReader.open(blobs.path(shard.features.id));
    const labels = await LabelBlockReader.open(blobs.path(shard.labels.id));
    const { rows, dims } = features;
    const read = { values: new Uint8Array(rows * dims), scales: new Float32Array(2 * rows) };
    await features.read(0, rows, read);
    const signs = new Int8Array(rows * classes.length);
    labels.fill(0, rows, 0, classes.length, signs);
    for (const [row, id] of (await features.ids()).entries()) {
      if (photos.has(id)) throw new Error(`${id} is there twice`);
      if (!rowOf(id, dims).equals(read.values.subarray(row * dims, (row + 1) * dims)))
        throw new Error(`${id} has features of another`);
      const named = classes.map((name, at) => [name, signs[row * classes.length + at] ?? 0] as const);
      photos.set(id, Object.fromEntries(named.filter(([, sign]) => sign !== 0)));
    }
    await features.close();
  }
  return photos;
}

const extractor = { id: 'lite0', version: 1, dims: 4, parametersHash: 'a'.repeat(64) };

/** What a test joins: the contents of label files, and the ids of photos that have features. */
type Given = Partial<JoinInput> & {
  readonly labels?: readonly (string | Buffer)[];
  readonly ids?: readonly string[];
};

/** Where label files are written and training sets are joined. */
export class Workplace {
  readonly folder: string;
  readonly blobs: BlobStore;
  #files = 0;

  constructor(folder: string) {
    this.folder = folder;
    this.blobs = new BlobStore(join(folder, 'blobs'));
  }

  /** Joins with four features a photo. */
  async join({ labels = [], ids = [], ...input }: Given): Promise<JoinedTrainingSet> {
    const labelFiles: string[] = [];
    for (const content of labels) {
      const file = join(this.folder, `it's [file] *${String(++this.#files)}`);
      await writeFile(file, content);
      labelFiles.push(file);
    }
    return await joinTrainingSet({
      features: featuresOf(ids),
      extractor,
      labelFiles,
      folders: [],
      blobs: this.blobs,
      scratch: join(this.folder, "scratch's [folder] *"),
      ...input,
    });
  }

  /** All photos of a training set, with their labels. */
  async photos({ set }: JoinedTrainingSet): Promise<Record<string, LabelMap>> {
    const learn = await readShards(this.blobs, set, set.learn);
    const heldOut = await readShards(this.blobs, set, set.heldOut);
    for (const id of heldOut.keys()) if (learn.has(id)) throw new Error(`${id} is learned from and held out`);
    return Object.fromEntries([...learn, ...heldOut]);
  }
}

/** Runs something with a place to join in that is gone afterwards. */
export async function withWorkplace(use: (place: Workplace) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await use(new Workplace(folder));
  });
}

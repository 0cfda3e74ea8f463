import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobRef, BlobStore } from '../blob-store.ts';
import type { ExtractorReference } from '../model-header.ts';
import { JoinDatabase } from './join-database.ts';
import { JoinFindings } from './join-findings.ts';
import type { JoinReport } from './join-report.ts';
import { negative, positive } from './label-rows.ts';
import { LabelSources } from './label-sources.ts';
import { type SettledLabels, settleLabels } from './settled-labels.ts';
import { type FeatureSource, orderPhotos } from './photo-order.ts';
import { rowsOf, type TrainingSet } from './training-set.ts';
import { writeShards } from './training-shards.ts';

/** How to join. */
export interface JoinOptions {
  /** What the label files say of a photo is complete: it is a negative example of the classes that they do not name. Default false. */
  readonly assumeNegative: boolean;
  /** End with `LABELS_REJECTED` if there is any problem, instead of going on with the rest. Default false. */
  readonly strict: boolean;
  /** A class with fewer positive examples is left out. Default 2: one photo does not show what is common to the photos of a class. */
  readonly minPositives: number;
  /** A class with fewer negative examples is left out. Default 1: without any, every photo would be of the class. */
  readonly minNegatives: number;
  /** Rows of a shard. Default 8,192. */
  readonly shardRows: number;
  /** A tenth of the photos is held out, more of few (see `holdoutRate`), but about so many at most. Default 20,000. */
  readonly maxHeldOut: number;
  /** Threads of the database. Default 2. */
  readonly threads: number;
  /** Memory of the database, in bytes. Default 384 MB. */
  readonly memoryBytes: number;
}

/** How far a join is: labels put in order, then photos written. */
export interface JoinProgress {
  readonly step: 'order' | 'write';
  readonly done: number;
  readonly total: number;
}

/** What a training set is joined from. */
export interface JoinInput {
  /** A `SnapshotReader`, and what its features are of. */
  readonly features: FeatureSource;
  readonly extractor: ExtractorReference;
  /** Files of label data. */
  readonly labelFiles: readonly string[];
  /** Folders that have a folder for each class; what they say of a photo is complete. */
  readonly folders: readonly string[];
  /** An earlier training set, to which the other input is added. */
  readonly base?: TrainingSet | undefined;
  /** Has the blobs of `base`, and gets those of the result. */
  readonly blobs: BlobStore;
  /** A folder that is emptied, used for what does not fit into memory, and removed. */
  readonly scratch: string;
  readonly options?: Partial<JoinOptions> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: JoinProgress) => void) | undefined;
}

/** A training set, and what was left out of it. */
export interface JoinedTrainingSet {
  readonly set: TrainingSet;
  readonly report: JoinReport;
}

const defaults: JoinOptions = {
  assumeNegative: false,
  strict: false,
  minPositives: 2,
  minNegatives: 1,
  shardRows: 8_192,
  maxHeldOut: 20_000,
  threads: 2,
  memoryBytes: 384_000_000,
};

/** Photos after which progress is told. */
const progressStep = 1_024;

/**
 * Joins labels with the features of photos, out of core. The same input gives the same blobs, bit for bit.
 *
 * It computes, so it belongs into a worker thread.
 * @throws Fault `FILE_READ`; `LABELS_REJECTED`, `TRAINING_SET_EMPTY`; `DISK_FULL`, `FILE_WRITE`; `NOT_FOUND`, `BLOB_DAMAGED`;
 * `CANCELLED`; `JOIN_FAILED`
 */
export async function joinTrainingSet(input: JoinInput): Promise<JoinedTrainingSet> {
  const options = { ...defaults, ...input.options };
  const { scratch, signal } = input;
  const resources = { scratch, signal, memoryBytes: options.memoryBytes, threads: options.threads };
  return await JoinDatabase.use(resources, (database) => joinWith(database, input, options));
}

async function joinWith(
  database: JoinDatabase,
  input: JoinInput,
  options: JoinOptions,
): Promise<JoinedTrainingSet> {
  const { blobs, base, features, extractor, onProgress } = input;
  const findings = new JoinFindings();
  const { onInputProblem, onGap } = findings;
  const order = await orderPhotos(database, features, { blobs, base, onGap });
  const { assumeNegative } = options;
  const sources = await LabelSources.open(database, { ...input, assumeNegative, onProblem: onInputProblem });
  const classes = await sources.numberClasses();
  const settled = await settleLabels(database, sources, {
    classes: classes.length,
    photos: order.photos,
    onProgress: (done) => onProgress?.({ step: 'order', done, total: sources.labels }),
  });
  await findings.addSettled(database, sources, { settled, classes });
  const kept = findings.keepClasses(classes, settled.counter, options);
  if (options.strict) findings.refuseAny();
  if (kept.length === 0) throw findings.nothingLeft();
  const labels = await keepLabels(database, input, options);
  const { counter } = settled;
  const shards = await writeShards({
    database,
    order,
    kept,
    marker: classes.length,
    positives: kept.map((number) => counter.positives(number)),
    photos: counter.photos,
    maxHeldOut: options.maxHeldOut,
    writing: {
      blobs,
      features,
      extractor,
      classes: kept.length,
      shardRows: options.shardRows,
      onDamaged: findings.onDamaged,
    },
    onProgress: (done) => {
      if (done % progressStep === 0) onProgress?.({ step: 'write', done, total: counter.photos });
    },
  });
  if (options.strict) findings.refuseAny();
  const set = { extractor, classes: kept.map((number) => classes[number] ?? ''), ...shards, labels };
  return { set, report: reportOf(set, order.photos, settled, findings) };
}

/** Keeps all labels as a blob, in the order of the photos. */
async function keepLabels(
  database: JoinDatabase,
  { blobs, scratch }: JoinInput,
  { threads }: JoinOptions,
): Promise<BlobRef> {
  const file = join(scratch, 'labels.parquet');
  // Several threads would write the rows in another order each time.
  await database.run('SET threads = 1');
  await database.run(
    `COPY (SELECT p.id AS photo, nullif(c.class, '') AS class,
        CASE label & 3 WHEN ${String(positive)} THEN true WHEN ${String(negative)} THEN false END AS label
      FROM labels JOIN photos p ON p.rowid = labels.photo JOIN classes c ON c.number = label >> 2
    ) TO $file (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
    { file },
  );
  await database.run(`SET threads = ${String(threads)}`);
  try {
    return await blobs.put(createReadStream(file));
  } finally {
    await rm(file);
  }
}

function reportOf(
  set: TrainingSet,
  stored: number,
  { given, duplicates, changed }: SettledLabels,
  findings: JoinFindings,
): JoinReport {
  return {
    photos: { stored, learn: rowsOf(set.learn), heldOut: rowsOf(set.heldOut) },
    labels: { given, duplicates, changed },
    classes: { learned: set.classes.length },
    problems: findings.toProblems(),
  };
}

import { deserialize, serialize } from 'node:v8';
import { z } from 'zod';
import { Fault } from '../../base/errors.ts';
import { sha256 } from '../../base/ids.ts';
import type { BlobRef, BlobStore } from '../../model/blob-store.ts';
import type { FeatureSnapshot } from '../../model/feature-store/feature-snapshot.ts';
import type { JoinReport } from '../../model/training-set/join-report.ts';
import { joinInProcess } from '../../model/training-set/join-process.ts';
import type { TrainingSet } from '../../model/training-set/training-set.ts';
import type { Json, Task, TaskResult } from '../task.ts';
import { putTrainingSet, readTrainingSet } from '../training-set-blob.ts';
import type { TaskHandler } from './task-context.ts';
import { inputOf, parametersOf } from './task-parts.ts';
import { join as joinPath } from 'node:path';

const schema = z.strictObject({
  labels: z.array(z.string()),
  folders: z.array(z.string()),
  assumeNegative: z.boolean(),
  strict: z.boolean(),
  minPositives: z.int().min(1).optional(),
});

/**
 * Joins the labels of files with stored features: inputs a snapshot of the feature store, and perhaps an earlier training set; outputs
 * the training set and everything that it names; the value is the report. It reads files of the node, so it runs where they are.
 */
export const join: TaskHandler = async (task, { blobs, scratch, progress, signal }) => {
  const { labels, folders, assumeNegative, strict, minPositives } = parametersOf(task, schema);
  const snapshot = await readSnapshot(blobs, inputOf(task, 0));
  const earlier = task.inputs[1];
  const { set, report } = await joinInProcess(
    {
      snapshot,
      blobs: blobs.folder,
      labelFiles: labels,
      folders,
      base: earlier === undefined ? undefined : await readTrainingSet(blobs, earlier),
      scratch: joinPath(scratch, 'join'),
      options: { assumeNegative, strict, ...(minPositives === undefined ? {} : { minPositives }) },
    },
    {
      signal,
      onProgress: ({ done, total }) => {
        progress(done, total);
      },
    },
  );
  const shards = [...set.learn, ...set.heldOut].flatMap(({ features: rows, labels: said }) => [rows, said]);
  return {
    outputs: [await putTrainingSet(blobs, set), set.labels, ...shards],
    value: report as unknown as Json,
  };
};

/** What {@link join} works on. */
export type JoinParameters = z.infer<typeof schema>;

/** Stores what the join task needs, and makes it. */
export async function joinTask(
  blobs: BlobStore,
  parameters: JoinParameters,
  {
    snapshot,
    base,
    without,
  }: {
    readonly snapshot: FeatureSnapshot;
    readonly base: TrainingSet | undefined;
    /** Photos that were forgotten since the run began: a join from before is not taken for this one. */
    readonly without: ReadonlySet<string>;
  },
): Promise<Task> {
  const inputs = [await blobs.put([serialize(snapshot)])];
  if (base !== undefined) inputs.push(await putTrainingSet(blobs, base));
  const key = without.size === 0 ? 'join' : `join/${sha256(JSON.stringify([...without].sort()))}`;
  return { kind: 'join', key, parameters, inputs };
}

/** What a join gave. */
export function joinResult({ outputs, value }: TaskResult): {
  readonly set: BlobRef;
  readonly report: JoinReport;
} {
  const [set] = outputs;
  if (set === undefined) throw new Fault('INTERNAL', { reason: 'a join gave no training set' });
  return { set, report: value as unknown as JoinReport };
}

async function readSnapshot(blobs: BlobStore, { id }: BlobRef): Promise<FeatureSnapshot> {
  // Its checksum is right, so this process or one of the same version has written it.
  return deserialize(await blobs.read(id)) as FeatureSnapshot;
}

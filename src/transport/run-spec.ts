import { z } from 'zod';
import { nameProblem } from '../base/ids.ts';

/** Id of a run: its kind, a hyphen, a token. */
export const runId = z.string().regex(/^[a-z]{1,32}-[A-Za-z0-9_-]{1,64}$/);
/** Absolute: where the node itself was started is nobody's business. */
const file = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, 'is no absolute path');
const files = z.array(file).max(256).default([]);
const modelPrefix = z.string().regex(/^[0-9a-f]{6,64}$/);
const blockName = z.string().refine((name) => nameProblem(name) === undefined, 'is no name');

/** What a training run is told. Files are named as the node sees them. */
export const trainSpec = z.strictObject({
  kind: z.literal('train'),
  /** Files of pixel data. */
  pixels: files,
  /** Files of label data. */
  labels: files,
  /** Folders with a folder of photos for each class. */
  folders: files,
  /** What users say of tags is labels too. */
  corrections: z.boolean().default(false),
  /** That of the model to start from, or `lite0`. */
  extractor: z.string().max(64).optional(),
  /** Name of the model's block of classes; that of the model to start from, or `trained`. */
  name: blockName.optional(),
  /** Share of the tags shown that shall be right. */
  precision: z.number().min(0.05).max(0.99).default(0.8),
  /** A photo without a label of a class is negative. */
  assumeNegative: z.boolean().default(false),
  /** Stop at the first thing that does not fit, instead of reporting it. */
  strict: z.boolean().default(false),
  /** Positives that a class needs. */
  minExamples: z.int().min(1).max(1_000_000).optional(),
  /** File of `class<TAB>share`: how frequent classes are among all photos, where the labelled ones are no fair sample. */
  prevalence: file.optional(),
  /** A model to start from: its labels count as well, where these are silent. */
  update: modelPrefix.optional(),
  /** Put the model in use, if it is not worse than the one in use. */
  activate: z.boolean().default(false),
});
/** See {@link trainSpec}. */
export type TrainSpec = z.infer<typeof trainSpec>;

/** What a run is told that tags the photos of files. */
export const tagSpec = z.strictObject({
  kind: z.literal('tag'),
  /** Which model; the one in use without. */
  model: modelPrefix.optional(),
  /** Files of pixel data. */
  pixels: files,
  /** Folders of photos, whatever is below them. */
  folders: files,
  /** Files with a path of a photo in each line. */
  lists: files,
  /** Where the tags go, as `photo_id<TAB>{"class": score, …}`. */
  out: file,
  /** Replace what is there. */
  overwrite: z.boolean().default(false),
  /** Tags above their thresholds, or the scores of all classes. */
  scores: z.enum(['tags', 'all']).default('tags'),
  /** Which photos: all, or those that the tag store has no tags of. */
  only: z.enum(['all', 'unprocessed']).default('all'),
  /** A run with the same photos: those that it has a line for, or has passed over, are passed over. */
  retryOf: runId.optional(),
  /** Photos a second at most, over the cluster. */
  rate: z.number().min(0.01).max(1_000_000).optional(),
});
/** See {@link tagSpec}. */
export type TagSpec = z.infer<typeof tagSpec>;

/** What a run is told that scores photos again by their stored features, with the model in use. */
export const rescoreSpec = z.strictObject({
  kind: z.literal('rescore'),
  /** Photos whose tags are of an earlier activation, or all. */
  which: z.enum(['stale', 'all']).default('stale'),
  /** Of these, the ones that this search finds. */
  query: z.string().max(4096).optional(),
});
/** See {@link rescoreSpec}. */
export type RescoreSpec = z.infer<typeof rescoreSpec>;

const ageMs = z.int().min(0);

/** What a run is told that removes what has become old. What it is not told of stays. */
export const pruneSpec = z
  .strictObject({
    kind: z.literal('prune'),
    /** Dead letters that have lain for longer, ms. */
    deadAfterMs: ageMs.optional(),
    /** Models but so many, the last published; what is in use or may be again is left as well. */
    keepModels: z.int().min(1).max(10_000).optional(),
    /** Runs that ended longer ago, ms, and what was kept to go on with them; the latest of each kind is left. */
    runsAfterMs: ageMs.optional(),
    /** Says what it would remove, and removes nothing. */
    dryRun: z.boolean().default(false),
  })
  .refine(
    ({ deadAfterMs, keepModels, runsAfterMs }) => (deadAfterMs ?? keepModels ?? runsAfterMs) !== undefined,
    'names nothing that is to be removed',
  );
/** See {@link pruneSpec}. */
export type PruneSpec = z.infer<typeof pruneSpec>;

/** What a run can be told. */
export const runSpec = z.discriminatedUnion('kind', [trainSpec, tagSpec, rescoreSpec, pruneSpec]);
/** See {@link runSpec}. */
export type RunSpec = z.infer<typeof runSpec>;

/** What a run can be told each time that a schedule begins it. */
export const scheduledJob = z.discriminatedUnion('kind', [
  trainSpec.extend({
    /** As a training run; `latest` is the one that was trained last then, of this name if one is given, and none before there is one. */
    update: z.union([z.literal('latest'), modelPrefix]).optional(),
  }),
  tagSpec,
  rescoreSpec,
  pruneSpec,
]);
/** See {@link scheduledJob}. */
export type ScheduledJob = z.infer<typeof scheduledJob>;

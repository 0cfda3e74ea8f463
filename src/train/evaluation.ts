import { z } from 'zod';

const count = z.int().min(0);
/** Counts of the corpus may be weighted. */
const amount = z.number().min(0);
const share = z.number().min(0).max(1);
const name = z.string().max(1024);

const classSchema = z.strictObject({
  name,
  /** Held-out photos labelled so. */
  positives: count,
  negatives: count,
  /** `null` without a positive or a negative. */
  averagePrecision: share.nullable(),
  /** The score from which on it is shown. */
  threshold: share,
  /** How many held-out photos show it. */
  shown: amount,
  /** Share of these that are right; `null` where none shows it. */
  precision: share.nullable(),
  /** Share of the photos that should show it and do; `null` without any. */
  recall: share.nullable(),
});

const wrongTagSchema = z.strictObject({ photo: name, tag: name, score: share });

const evaluationSchema = z.strictObject({
  version: z.literal(1),
  photos: count,
  classes: z.array(classSchema).max(1_000_000),
  /** Mean over the classes that have an average precision, and how many these are. */
  meanAveragePrecision: share.nullable(),
  judgedClasses: count,
  /** The precision asked for, and what the tags shown have. */
  statedPrecision: share,
  precision: share.nullable(),
  recall: share.nullable(),
  /** Tags shown. */
  shown: amount,
  /** Expected calibration error over each photo's five highest scores, in bins of equal mass. */
  calibrationError: share.nullable(),
  /** These bins, by rising score: how many tags, their mean score, and the share that is right. */
  reliability: z.array(z.strictObject({ tags: amount, score: share, right: share })).max(100),
  /** Classes that exclude each other: share of the photos whose right one has the highest score, and the highest margin. */
  exclusive: z
    .strictObject({ classes: count, photos: count, accuracy: share, accuracyByMargin: share })
    .nullable(),
  /** Which tag is shown wrongly above which right one, and on how many photos; the most frequent first. */
  confusions: z.array(z.strictObject({ shown: name, right: name, photos: count })).max(1000),
  /** Wrong tags with the highest scores, a photo once. */
  falseTags: z.array(wrongTagSchema).max(1000),
  /** Right tags that are not shown, with the lowest scores, a photo once. */
  missedTags: z.array(wrongTagSchema).max(1000),
});

/** How a model does on photos that it has not learned from. Plain JSON; at most 200 bytes a class beside its name. */
export type Evaluation = Readonly<z.infer<typeof evaluationSchema>>;

/** How one class does. */
export type ClassEvaluation = Evaluation['classes'][number];

/** A photo's tag that is wrong, or missing. */
export type WrongTag = Evaluation['falseTags'][number];

/** Checks an evaluation that was read from somewhere; returns it, or why it is none. */
export function checkEvaluation(value: unknown): Evaluation | string {
  const result = evaluationSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return `its ${issue?.path.map(String).join('.') ?? 'content'} ${issue?.message ?? 'is wrong'}`;
}

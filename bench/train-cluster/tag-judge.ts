import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { readLabels, type PhotoLabels } from '../train/labelled-set.ts';
import { judge } from '../train/judge.ts';

/** A file of tags, with the labels of its photos. */
interface TaggedPhotos extends PhotoLabels {
  readonly ids: readonly string[];
  /** `Float32Array [photos × classes]`; −1 where the file names no score */
  readonly scores: Float32Array;
}

/** How good the scores of all classes are. */
export interface ScoresVerdict {
  readonly map: number;
  readonly top1: number;
  /** Expected calibration error, in {@link bins} equal-mass bins over the {@link highest} highest scores of each photo. */
  readonly calibrationError: number;
  readonly averagePrecisions: Readonly<Record<string, number>>;
}

/** How good the tags are that are shown. */
export interface TagsVerdict {
  /** Share of them that is right, of those that are labelled. */
  readonly precision: number;
  /** Share of the right ones that is shown. */
  readonly recall: number;
  readonly shownPerPhoto: number;
}

const bins = 15;
const highest = 5;

/** Judges a file that `cluster tag --scores all` wrote of the test photos of a set. */
export async function judgeScores(set: string, file: string): Promise<ScoresVerdict> {
  const { ids, classes, labels, scores } = await readTagged(set, file);
  const verdict = judge({ classes, test: { ids, labels } }, scores);
  return { ...verdict, calibrationError: calibrationError({ ids, classes, labels, scores }) };
}

/** Judges a file that `cluster tag --scores tags` wrote of them. */
export async function judgeTags(set: string, file: string): Promise<TagsVerdict> {
  const { ids, labels, scores } = await readTagged(set, file);
  let shown = 0;
  let right = 0;
  let positives = 0;
  labels.forEach((label, pair) => {
    if (label === 1) positives += 1;
    if (scores[pair]! < 0 || label === 0) return;
    shown += 1;
    if (label === 1) right += 1;
  });
  return { precision: right / shown, recall: right / positives, shownPerPhoto: shown / ids.length };
}

async function readTagged(set: string, file: string): Promise<TaggedPhotos> {
  const tagged: [id: string, scores: Record<string, number>][] = [];
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const tab = line.indexOf('\t');
    tagged.push([line.slice(0, tab), JSON.parse(line.slice(tab + 1)) as Record<string, number>]);
  }
  const ids = tagged.map(([id]) => id);
  const { classes, labels } = await readLabels(set, 'test', ids);
  const scores = Float32Array.from(tagged.flatMap(([, found]) => classes.map((name) => found[name] ?? -1)));
  return { ids, classes, labels, scores };
}

function calibrationError({ ids, classes, labels, scores }: TaggedPhotos): number {
  const pairs = ids.flatMap((_, row) => {
    const own = classes.map((_, index) => row * classes.length + index);
    const byScore = own.toSorted((one, other) => scores[other]! - scores[one]!);
    return byScore.slice(0, highest).filter((pair) => labels[pair] !== 0);
  });
  pairs.sort((one, other) => scores[one]! - scores[other]!);
  let error = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const [first, end] = [bin, bin + 1].map((edge) => Math.round((edge * pairs.length) / bins));
    const inBin = pairs.slice(first, end);
    const excess = inBin.reduce((sum, pair) => sum + scores[pair]! - (labels[pair] === 1 ? 1 : 0), 0);
    error += Math.abs(excess) / pairs.length;
  }
  return error;
}

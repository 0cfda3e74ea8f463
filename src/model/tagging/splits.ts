import type { InputProblem } from '../training-set/input-problem.ts';
import { readInput, type InputPlace, type PhotoSource, type PlacedPhoto } from './photo-input.ts';
import { type IdMark, SeenIds } from './seen-ids.ts';

/** A part of the input: what lies between two places of it. */
export interface Split {
  /** To be tagged, in their order. */
  readonly photos: readonly PlacedPhoto[];
  /** What cannot be. */
  readonly problems: readonly InputProblem[];
  /** Every photo id that came for the first time. */
  readonly noted: readonly IdMark[];
  /** Ids of those that were passed over. */
  readonly passedOver: ReadonlySet<string>;
  /** Photos that were read up to its end, whatever becomes of them. */
  readonly read: number;
  /** The place behind it. */
  readonly next: InputPlace;
  /** How much of all sources lies before {@link next}, about, 0 to 1. */
  readonly share: number;
}

/** What splits are made with. */
export interface SplitOptions {
  readonly maxPhotoBytes: number;
  /** Photos of a split, at most; they also have some {@link splitBytes} at most, but for one large photo. */
  readonly maxPhotos: number;
  /** {@link Split.read} of the split before. */
  readonly readBefore: number;
  /** How many splits can be tagged at once: near the end they become smaller, so that all come to their ends together. */
  readonly parallelism: number;
  /** Of the marks of photo ids. */
  readonly seed: number;
  /** Photos of an earlier part of the input. */
  readonly known: AsyncIterable<IdMark>;
  /** Whether a photo is passed over. */
  readonly isDone: (id: string) => boolean | Promise<boolean>;
}

/** What a split has before the photo that makes it full. */
const splitBytes = 8 * 1024 * 1024;
/** The smallest split near the end, and how many of them each thread has left. */
const leastPhotos = 16;
const splitsLeft = 3;
/** Photos that a split passes over, so that there is a place to go on from. */
const mostPassedOver = 4_096;

/**
 * Parts the input into splits, from a place on; whoever begins at the end of a split gets the same ones. What is read ahead is one split.
 * @throws Fault `FILE_READ`
 */
export async function* splitsOf(
  sources: readonly PhotoSource[],
  from: InputPlace,
  { maxPhotoBytes, maxPhotos, readBefore, parallelism, seed, known, isDone }: SplitOptions,
): AsyncGenerator<Split> {
  let split = emptySplit();
  let bytes = 0;
  const seen = new SeenIds(seed, (mark) => split.noted.push(mark));
  for await (const mark of known) seen.add(mark);
  const reading = {
    maxPhotoBytes,
    seen,
    onProblem: (problem: InputProblem) => split.problems.push(problem),
    isStored: async (id: string) => {
      if (!(await isDone(id))) return false;
      split.passedOver.add(id);
      // The last one is read all the same: only where a photo is read it is known where that was.
      return split.passedOver.size < mostPassedOver;
    },
  };
  let read = readBefore;
  for await (const photo of readInput(sources, reading, from)) {
    read += 1;
    if (!split.passedOver.has(photo.id)) {
      split.photos.push(photo);
      bytes += photo.bytes.length;
    }
    const left = read * (1 / photo.share - 1);
    const size = Math.min(maxPhotos, Math.max(leastPhotos, left / (splitsLeft * parallelism)));
    const isFull = split.photos.length >= size || bytes >= splitBytes;
    if (!isFull && split.passedOver.size < mostPassedOver) continue;
    yield { ...split, read, next: photo.next, share: photo.share };
    split = emptySplit();
    bytes = 0;
  }
  yield { ...split, read, next: { source: sources.length }, share: 1 };
}

function emptySplit() {
  return {
    photos: [] as PlacedPhoto[],
    problems: [] as InputProblem[],
    noted: [] as IdMark[],
    passedOver: new Set<string>(),
  };
}

/** Told what goes on, for a person who waits. */
export type Progress = (line: string) => void;

/** What a part of the bench has to say. */
export interface PartResult {
  /** Everything that was measured, as it was measured. */
  readonly raw: unknown;
  /** The figures that count, by their names in `summary.json`. */
  readonly summary: Readonly<Record<string, Figure>>;
}

/** A number, or numbers by what they are of. */
export type Figure = number | Readonly<Record<string, number>>;

/** A part of the bench, run alone or with the others. */
export interface Part {
  readonly name: string;
  /** What it measures, for `--help`. */
  readonly about: string;
  /** Takes so long that it runs only when it is named. */
  readonly isLong?: true;
  readonly run: (options: PartOptions) => Promise<PartResult>;
}

/** What a part is told. */
export interface PartOptions {
  /** Folder of photos, the demo's by default; of searches, how many photos are made. */
  readonly photos: string | undefined;
  /** Where searches are measured: one of the stores, or both. */
  readonly store: string | undefined;
  /** Folder of labelled photos; by default a set that is fetched. */
  readonly data: string | undefined;
  /** What others are measured by is measured anew, although it is known. */
  readonly fresh: boolean;
  /** Small sizes, to see that it runs. */
  readonly quick: boolean;
  /** Leaves nothing behind for the next run. */
  readonly clean: boolean;
  readonly progress: Progress;
}

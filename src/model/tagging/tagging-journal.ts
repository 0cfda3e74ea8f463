import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../../base/errors.ts';
import { writeFault } from '../../base/write-fault.ts';
import { replaceFile } from '../atomic-file.ts';
import { AppendFile } from './append-file.ts';
import { failureLines, type Failure } from './failures.ts';
import type { InputPlace } from './photo-input.ts';
import { ledgerEntries, readLedger, type LedgerPhoto } from './photo-ledger.ts';

const count = z.int().min(0);
const source = z.union([
  z.object({ kind: z.enum(['pixels', 'list']), file: z.string(), bytes: count }),
  z.object({ kind: z.literal('folder'), folder: z.string() }),
]);

/** What a run has settled before it began, so that it ends as it began. */
const plan = z.object({
  sources: z.array(source),
  /** Id of the model. */
  model: z.string(),
  /** Of the marks of photo ids. */
  seed: count,
  /** How many splits could be tagged at once. */
  parallelism: z.int().min(1),
  /** Where the results are gathered until the run is done. */
  partial: z.string(),
});
/** See {@link plan}. */
export type TaggingPlan = z.infer<typeof plan>;

/** How far a run is: all that lies before `next` is done. */
const checkpoint = z.object({
  plan,
  next: z.object({
    source: count,
    offset: count.optional(),
    line: count.optional(),
    after: z.string().optional(),
  }),
  share: z.number(),
  /** Photos that were read, whatever became of them. */
  read: count,
  photos: z.object({ tagged: count, failed: count, passedOver: count }),
  /** What was left out, as a run shows it. */
  problems: z.json(),
  /** Of the files, bytes. */
  lengths: z.object({ results: count, failures: count, ledger: count }),
  /** Whether the results are whole, and on their way into place. */
  isWhole: z.boolean(),
});
/** See {@link checkpoint}. */
export type TaggingCheckpoint = z.infer<typeof checkpoint>;

/** What a run has done since the last checkpoint. */
export interface TaggingStep extends Pick<TaggingCheckpoint, 'share' | 'read' | 'photos'> {
  readonly next: InputPlace;
  /** Plain data. */
  readonly problems: unknown;
  readonly lines: Uint8Array;
  readonly failures: readonly Failure[];
  readonly ledger: readonly LedgerPhoto[];
}

/** Files of a run's folder. */
const names = { checkpoint: 'checkpoint.json', failures: 'failures.jsonl', ledger: 'ledger' } as const;

/** The file of a run's failures. */
export function failuresFile(folder: string): string {
  return join(folder, names.failures);
}

/**
 * How far a run was when it was here last, or `undefined` if it was not.
 * @throws Fault `FILE_READ`
 */
export async function readCheckpoint(folder: string): Promise<TaggingCheckpoint | undefined> {
  const file = join(folder, names.checkpoint);
  try {
    return checkpoint.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

/** The photos of a run that have a checkpoint behind them. */
export function readPhotos(folder: string, { lengths }: TaggingCheckpoint): AsyncGenerator<LedgerPhoto> {
  return readLedger(join(folder, names.ledger), lengths.ledger);
}

/** Removes a run's folder, and what there is of its results unless they are in place. */
export async function removeJournal(folder: string): Promise<void> {
  const last = await readCheckpoint(folder).catch(() => undefined);
  if (last !== undefined) await rm(last.plan.partial, { force: true });
  await rm(folder, { recursive: true, force: true });
}

/**
 * What a run has done, in files: results and failures in the order of the input, each written once. A checkpoint follows what it vouches
 * for; whatever is behind the last one is cut off by whoever goes on.
 */
export class TaggingJournal {
  readonly #folder: string;
  readonly #results: AppendFile;
  readonly #failures: AppendFile;
  readonly #ledger: AppendFile;
  #last: TaggingCheckpoint;

  private constructor(
    folder: string,
    [results, failures, ledger]: readonly [AppendFile, AppendFile, AppendFile],
    last: TaggingCheckpoint,
  ) {
    this.#folder = folder;
    this.#results = results;
    this.#failures = failures;
    this.#ledger = ledger;
    this.#last = last;
  }

  /**
   * Goes on from the last checkpoint.
   * @throws Fault `FILE_READ` if what it vouches for is gone; `DISK_FULL`, `FILE_WRITE`
   */
  static async open(folder: string, last: TaggingCheckpoint): Promise<TaggingJournal> {
    const { plan: planned, lengths } = last;
    const opened: AppendFile[] = [];
    const openFile = async (file: string, length: number) => {
      const appended = await AppendFile.open(file, length);
      opened.push(appended);
      return appended;
    };
    try {
      const results = await openFile(planned.partial, lengths.results);
      const failures = await openFile(failuresFile(folder), lengths.failures);
      const ledger = await openFile(join(folder, names.ledger), lengths.ledger);
      return new TaggingJournal(folder, [results, failures, ledger], last);
    } catch (error) {
      for (const file of opened) await file.close();
      throw error;
    }
  }

  /**
   * The first checkpoint of a run; durable when resolved.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`
   */
  static async begin(folder: string, planned: TaggingPlan): Promise<TaggingCheckpoint> {
    await mkdir(folder, { recursive: true });
    const first: TaggingCheckpoint = {
      plan: planned,
      next: { source: 0 },
      share: 0,
      read: 0,
      photos: { tagged: 0, failed: 0, passedOver: 0 },
      problems: {},
      lengths: { results: 0, failures: 0, ledger: 0 },
      isWhole: false,
    };
    await write(folder, first);
    return first;
  }

  /** The last checkpoint. */
  get last(): TaggingCheckpoint {
    return this.#last;
  }

  /**
   * Writes down what was done; durable when resolved.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`; open the journal again then
   */
  async commit({ lines, failures, ledger, ...step }: TaggingStep): Promise<void> {
    await this.#results.append(lines);
    await this.#failures.append(failureLines(failures));
    await this.#ledger.append(ledgerEntries(ledger));
    for (const file of [this.#results, this.#failures, this.#ledger]) await file.sync();
    const lengths = {
      results: this.#results.length,
      failures: this.#failures.length,
      ledger: this.#ledger.length,
    };
    await this.#advance({
      ...this.#last,
      ...step,
      problems: step.problems as TaggingCheckpoint['problems'],
      lengths,
    });
  }

  /** Says that all is done: the file of the results can be put in place. */
  async conclude(): Promise<void> {
    await this.#advance({ ...this.#last, isWhole: true });
  }

  async close(): Promise<void> {
    for (const file of [this.#results, this.#failures, this.#ledger]) await file.close();
  }

  async #advance(to: TaggingCheckpoint): Promise<void> {
    await write(this.#folder, to);
    this.#last = to;
  }
}

async function write(folder: string, content: TaggingCheckpoint): Promise<void> {
  const file = join(folder, names.checkpoint);
  try {
    await replaceFile(file, [Buffer.from(JSON.stringify(content), 'utf8')]);
  } catch (error) {
    throw writeFault(file, error);
  }
}

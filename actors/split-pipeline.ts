import { systemClock } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import type { Failure } from '../src/model/tagging/failures.ts';
import { markOf } from '../src/model/tagging/seen-ids.ts';
import type { Split } from '../src/model/tagging/splits.ts';
import type { TaggingCheckpoint, TaggingJournal } from '../src/model/tagging/tagging-journal.ts';
import type { InputProblem } from '../src/model/training-set/input-problem.ts';
import type { PhotoProblem } from '../src/train/feature-rows.ts';
import { Window } from '../src/train/window.ts';
import { InputProblems } from './input-problems.ts';
import { Pacer } from './pacer.ts';
import type { PackedSplit, SplitTagger, TaggedPart } from './split-tagger.ts';

/** What a pipeline works with. */
export interface SplitPipelineOptions {
  readonly journal: TaggingJournal;
  /** Makes the tagger, which stops after `signal`. */
  readonly tagger: (signal: AbortSignal) => SplitTagger;
  /** Photos a second at most; default no limit. */
  readonly rate?: number;
  /** How many splits can be tagged at once. */
  readonly parallelism: () => number;
  readonly signal: AbortSignal;
  readonly onProgress: (checkpoint: TaggingCheckpoint) => void;
}

/** Splits in hand for each that can be tagged at once: others are read meanwhile, or wait for their turn to be written. */
const splitsAhead = 3;

/** Tags splits side by side, and writes them down one after the other, in their order. Memory and disk hold some splits, however many there are. */
export class SplitPipeline {
  readonly #options: SplitPipelineOptions;
  readonly #tagger: SplitTagger;
  readonly #problems: InputProblems;
  /** Ends what is under way when something fails. */
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  #written: Promise<void> = Promise.resolve();

  constructor(options: SplitPipelineOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#end.signal]);
    this.#tagger = options.tagger(this.#signal);
    this.#problems = new InputProblems(false, options.journal.last.problems);
  }

  /**
   * Resolves when all splits are written down; nothing is under way any more then, nor when it rejects.
   * @throws Fault of a task, of the journal or of reading; `CANCELLED`
   */
  async run(splits: AsyncIterable<Split>): Promise<void> {
    const { journal, rate = Infinity, parallelism, onProgress } = this.#options;
    const window = new Window(splitsAhead * parallelism());
    const pacer = new Pacer(rate, systemClock);
    onProgress(journal.last);
    try {
      for await (const split of splits) {
        await pacer.pass(split.photos.length, this.#signal);
        this.#signal.throwIfAborted();
        const packed = await this.#tagger.pack(split);
        await window.enter(() => this.#carryOut(packed));
      }
      await window.drain();
    } finally {
      this.#end.abort(new Fault('CANCELLED', { what: 'rest of the run' }));
      await window.drain().catch(() => undefined);
    }
  }

  #carryOut(split: PackedSplit): Promise<void> {
    const [before, parts] = [this.#written, this.#tagger.tag(split)];
    const write = async () => {
      const done = await parts;
      await before;
      await this.#write(split, done);
      await this.#tagger.release(done);
    };
    this.#written = write();
    return this.#written;
  }

  async #write(split: PackedSplit, parts: readonly TaggedPart[]): Promise<void> {
    const { journal, onProgress } = this.#options;
    const { seed } = journal.last.plan;
    const problems = parts.flatMap((part) => part.problems);
    const failed = new Set(problems.map(({ id }) => id));
    const tagged = split.photos.flatMap(({ id }) => (failed.has(id) ? [] : [id]));
    const done = new Set(
      [...tagged, ...split.passedOver].map((id) => markOf(Buffer.from(id, 'utf8'), seed).hash),
    );
    split.problems.forEach(this.#problems.addInput);
    problems.forEach(this.#problems.addPhoto);
    const { photos } = journal.last;
    await journal.commit({
      lines: await this.#tagger.lines(parts),
      failures: [...split.problems.map(failureOfInput), ...failuresOfPhotos(problems, split)],
      ledger: split.noted.map((mark) => ({ ...mark, isDone: done.has(mark.hash) })),
      next: split.next,
      share: split.share,
      read: split.read,
      photos: {
        tagged: photos.tagged + tagged.length,
        failed: photos.failed + split.problems.length + problems.length,
        passedOver: photos.passedOver + split.passedOver.size,
      },
      problems: this.#problems.toJson(),
    });
    onProgress(journal.last);
  }
}

function failureOfInput({ code, file, line, reason }: InputProblem): Failure {
  const message = `${line === undefined ? 'It' : `Line ${String(line)}`} ${reason}.`;
  return { file, ...(line === undefined ? {} : { line }), code, message };
}

function failuresOfPhotos(problems: readonly PhotoProblem[], { photos }: PackedSplit): Failure[] {
  const places = new Map(photos.map((photo) => [photo.id, photo]));
  return problems.map(({ id, code, message }) => ({ ...places.get(id), id, code, message }));
}

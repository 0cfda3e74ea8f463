import { delay, systemClock } from '../base/clock.ts';
import { Fault } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import type { Output } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { resultLine } from '../terminal/views.ts';
import type { Photo } from '../transport/envelope.ts';
import type { PhotoSubmitter, Submitted } from '../transport/photo-submitter.ts';
import { untilInterrupted } from './errors.ts';
import { reasonFor, unreadable, type FoundFile } from './photo-files.ts';
import type { Progress } from './progress.ts';
import { readPhoto } from '../transport/read-photo.ts';
import type { ResultWaiter } from '../transport/result-waiter.ts';
import { Window } from '../transport/window.ts';

/** What a run does with each photo. */
export interface SubmitSettings {
  /** Instead of the SHA-256 of the bytes; for a single photo. */
  readonly id?: string | undefined;
  /** Whose all of them are. */
  readonly owner?: string | undefined;
  readonly top?: number | undefined;
  /** A number that no earlier submit of the same photo had: it is taken although identical. */
  readonly rerun?: number | undefined;
  /** Whether a full queue is waited for. */
  readonly waitForRoom: boolean;
}

/** What a run works with. */
export interface SubmitParts {
  readonly submitter: PhotoSubmitter;
  /** Without it, nobody waits for results. */
  readonly waiter?: ResultWaiter | undefined;
  readonly output: Output;
  readonly progress: Progress;
  readonly interrupted: AbortSignal;
}

/** How many photos went which way. */
export interface SubmitCounts {
  /** Stored by the stream. */
  submitted: number;
  /** Already there within the duplicate window. */
  duplicates: number;
  /** Not sent: unreadable, empty, too large. */
  refused: number;
  tagged: number;
  /** Sent, and without tags: a dead letter, or no result in time. */
  failed: number;
}

const photosOnTheirWay = { count: 64, bytes: 64 * 1024 * 1024 };
/** Stored photos whose results have not come; more than the slots of any cluster a single submitter can feed. */
const unanswered = { count: 512 };
const fullPauseMs = 1_000;
const graceMs = 2_000;

/** Sends photos as their files are found, a bounded number at once, and counts what becomes of them. */
export class SubmitRun {
  readonly counts: SubmitCounts = { submitted: 0, duplicates: 0, refused: 0, tagged: 0, failed: 0 };
  readonly #settings: SubmitSettings;
  readonly #parts: SubmitParts;
  readonly #room = new Window(photosOnTheirWay);
  readonly #unanswered = new Window(unanswered);
  readonly #tasks = new Set<Promise<void>>();
  readonly #broken = new AbortController();
  readonly #stopped: AbortSignal;
  #saidFull = false;

  constructor(settings: SubmitSettings, parts: SubmitParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#stopped = AbortSignal.any([parts.interrupted, this.#broken.signal]);
  }

  /**
   * Takes all files; resolves when everything is settled. After a signal, or a fault that every other photo would meet
   * as well, no more files are taken, and what is on its way gets a moment.
   * @throws Interrupted, or that fault
   */
  async all(files: AsyncIterator<FoundFile>): Promise<void> {
    try {
      for (;;) {
        const next = await untilInterrupted(this.#stopped, files.next());
        if (next.done === true) break;
        await untilInterrupted(this.#stopped, this.#take(next.value));
      }
      while (this.#tasks.size > 0) await untilInterrupted(this.#stopped, Promise.all(this.#tasks));
    } catch (error) {
      await Promise.race([this.#room.idle(), delay(systemClock, graceMs)]);
      throw this.#broken.signal.aborted ? this.#broken.signal.reason : error;
    }
  }

  async #take({ path, fault }: FoundFile): Promise<void> {
    if (fault !== undefined) {
      await this.#refuse(path, fault);
      return;
    }
    const bytes = await this.#read(path);
    if (bytes === undefined) return;
    await this.#unanswered.enter();
    const task = this.#send(path, bytes)
      .catch((error: unknown) => {
        this.#broken.abort(error);
      })
      .finally(() => {
        this.#unanswered.leave();
        this.#parts.progress.done();
        this.#tasks.delete(task);
      });
    this.#tasks.add(task);
  }

  async #read(file: string): Promise<Buffer | undefined> {
    try {
      return await readPhoto(file, this.#room);
    } catch (error) {
      await this.#refuse(file, error instanceof Fault ? error : unreadable(file, reasonFor(error)).fault);
      this.#parts.progress.done();
      return undefined;
    }
  }

  /** Counts a file that cannot be sent and says why; the others go on. */
  async #refuse(file: string, { code, message }: Fault): Promise<void> {
    const { id } = this.#settings;
    const { output, progress } = this.#parts;
    this.counts.refused += 1;
    progress.clear();
    // Faults of files name them.
    output.notice(code === 'FILE_READ' ? message : `${printable(file)}: ${message}`);
    await output.result({ ...(id === undefined ? {} : { id }), file, error: { code, message } }, '');
  }

  async #send(file: string, bytes: Buffer): Promise<void> {
    const { waiter, output } = this.#parts;
    const { id, owner, top, rerun } = this.#settings;
    const photo: Photo = { bytes, file, id, owner, top, rerun, client: waiter?.client };
    if (waiter !== undefined) {
      await this.#sendAndWait(waiter, { ...photo, file, id: id ?? sha256(bytes) });
      return;
    }
    const submitted = await this.#submit(photo, file, bytes.length);
    if (submitted === undefined) return;
    const { id: taken, sequence, duplicate } = submitted;
    await output.result({ id: taken, file, sequence, duplicate }, '');
  }

  async #sendAndWait(waiter: ResultWaiter, photo: Photo & { id: string; file: string }): Promise<void> {
    const { id, file, bytes } = photo;
    const expected = waiter.expect({ id, file, anyResult: this.#isPlain });
    try {
      const submitted = await this.#submit(photo, file, bytes.length);
      if (submitted === undefined) return;
      expected.acknowledged(submitted);
      const result = await expected.result;
      this.counts['error' in result ? 'failed' : 'tagged'] += 1;
      await this.#parts.output.result(result, resultLine(result));
    } finally {
      expected.cancel();
    }
  }

  /** Whether the id stands for the bytes, and the result for what anybody would get. */
  get #isPlain(): boolean {
    const { id, top, rerun } = this.#settings;
    return id === undefined && top === undefined && rerun === undefined;
  }

  /** Resolves to nothing if this photo, and no other, was refused. */
  async #submit(photo: Photo, file: string, size: number): Promise<Submitted | undefined> {
    try {
      const submitted = await this.#submitWithRoom(photo);
      this.counts[submitted.duplicate ? 'duplicates' : 'submitted'] += 1;
      return submitted;
    } catch (error) {
      if (!(error instanceof Fault && error.code.startsWith('PHOTO_'))) throw error;
      await this.#refuse(file, error);
      return undefined;
    } finally {
      this.#room.leave(size);
    }
  }

  async #submitWithRoom(photo: Photo): Promise<Submitted> {
    for (;;) {
      try {
        return await this.#parts.submitter.submit(photo);
      } catch (error) {
        const isFull = error instanceof Fault && error.code === 'QUEUE_FULL';
        if (!isFull || !this.#settings.waitForRoom || this.#stopped.aborted) throw error;
      }
      this.#sayFull();
      await delay(systemClock, fullPauseMs);
    }
  }

  #sayFull(): void {
    if (this.#saidFull) return;
    this.#saidFull = true;
    this.#parts.progress.clear();
    this.#parts.output.notice('The queue of photos is full: waiting for room (Ctrl-C stops).');
  }
}

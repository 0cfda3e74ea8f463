import { Fault } from '../src/base/errors.ts';
import type { BlobRef, BlobStore } from '../src/model/blob-store.ts';
import type { Split } from '../src/model/tagging/splits.ts';
import type { PhotoProblem } from '../src/train/feature-rows.ts';
import { packPhotos, unpackPhotos, type RawPhoto } from '../src/train/photo-chunk.ts';
import { tagged, tagTask } from '../src/train/tasks/tag.ts';
import type { TagSpec } from '../src/transport/run-spec.ts';
import type { DecodeLimits } from '../src/vision/decode.ts';
import type { ClusterTasks } from './cluster-tasks.ts';

/** What splits are tagged with. */
export interface SplitTaggerOptions {
  readonly tasks: Pick<ClusterTasks, 'run' | 'forget'>;
  readonly blobs: BlobStore;
  readonly limits: DecodeLimits;
  /** The file of the model. */
  readonly model: BlobRef;
  readonly scores: TagSpec['scores'];
  readonly signal: AbortSignal;
}

/** A split whose photos are in a blob. */
export interface PackedSplit extends Omit<Split, 'photos'> {
  /** Where they come from, in their order. */
  readonly photos: readonly Pick<Split['photos'][number], 'id' | 'file' | 'line'>[];
  readonly chunk: BlobRef | undefined;
}

/** What a task made of some photos. */
export interface TaggedPart {
  readonly chunk: BlobRef;
  /** A line for each photo but those of `problems`. */
  readonly lines: BlobRef | undefined;
  readonly problems: readonly PhotoProblem[];
}

/** Why a task is lost that some photo in it may be to blame for. */
const lossCodes: readonly unknown[] = ['TASK_LOST', 'TASK_SILENT'];

/** Has splits tagged by tasks, wherever there is a free thread. */
export class SplitTagger {
  readonly #options: SplitTaggerOptions;

  constructor(options: SplitTaggerOptions) {
    this.#options = options;
  }

  /**
   * Puts the photos of a split where tasks find them.
   * @throws Fault `DISK_FULL`, `FILE_WRITE`
   */
  async pack({ photos, ...split }: Split): Promise<PackedSplit> {
    return {
      ...split,
      photos: photos.map(({ id, file, line }) => ({ id, file, ...(line === undefined ? {} : { line }) })),
      chunk: photos.length === 0 ? undefined : await this.#options.blobs.put(packPhotos(photos)),
    };
  }

  /**
   * Tags the photos of a split.
   * @throws Fault of a task; `CANCELLED`
   */
  async tag({ chunk }: PackedSplit): Promise<TaggedPart[]> {
    return chunk === undefined ? [] : await this.#tag(chunk);
  }

  /** The lines of a split. */
  async lines(parts: readonly TaggedPart[]): Promise<Buffer> {
    const { blobs } = this.#options;
    return Buffer.concat(
      await Promise.all(parts.flatMap(({ lines }) => (lines === undefined ? [] : [blobs.read(lines.id)]))),
    );
  }

  /** Removes what a split has left, once its lines are elsewhere. */
  async release(parts: readonly TaggedPart[]): Promise<void> {
    const { blobs, tasks } = this.#options;
    for (const { chunk, lines } of parts) {
      await tasks.forget(this.#taskOf(chunk));
      await blobs.remove(chunk.id);
      if (lines !== undefined) await blobs.remove(lines.id);
    }
  }

  async #tag(chunk: BlobRef): Promise<TaggedPart[]> {
    const { tasks, signal } = this.#options;
    try {
      const { outputs, value } = await tasks.run(this.#taskOf(chunk), { signal });
      return [{ chunk, lines: outputs[0], problems: tagged.parse(value).problems }];
    } catch (error) {
      if (!(error instanceof Fault) || !isLoss(error)) throw error;
      return await this.#tagApart(chunk, error);
    }
  }

  /** Some photo has ended the thread, time and again: it is looked for by halves, so that the others have their tags. */
  async #tagApart(chunk: BlobRef, fault: Fault): Promise<TaggedPart[]> {
    const { blobs } = this.#options;
    const photos = unpackPhotos(await blobs.read(chunk.id));
    const [first, ...others] = photos;
    if (first !== undefined && others.length === 0)
      return [
        { chunk, lines: undefined, problems: [{ id: first.id, code: fault.code, message: fault.message }] },
      ];
    const middle = Math.ceil(photos.length / 2);
    // In their place, and to be removed with them.
    const parts: TaggedPart[] = [{ chunk, lines: undefined, problems: [] }];
    for (const half of [photos.slice(0, middle), photos.slice(middle)])
      parts.push(...(await this.#tag(await this.#put(half))));
    return parts;
  }

  #put(photos: readonly RawPhoto[]): Promise<BlobRef> {
    return this.#options.blobs.put(packPhotos(photos));
  }

  #taskOf(chunk: BlobRef) {
    const { model, scores, limits } = this.#options;
    return tagTask(chunk, model, scores, limits);
  }
}

function isLoss({ code, details }: Fault): boolean {
  return code === 'TASK_EXHAUSTED' && lossCodes.includes(details['cause']);
}

import type { WireFault } from '../base/errors.ts';
import type { ExtractedFeatures } from '../model/feature-store/feature-store.ts';
import type { ModelHandle } from '../model/model-scorer.ts';
import type { DecodeLimits } from '../vision/decode.ts';
import type { ParameterFile } from '../vision/parameter-file.ts';
import type { TagSelection } from '../vision/scores.ts';

/** What a thread is given when it starts (`workerData`). */
export interface ThreadSetup {
  /** The kernel, compiled once a process. */
  readonly kernel: WebAssembly.Module;
  /** Of `lite0`: read once, in memory that is shared, and copied into each thread's own wasm memory. */
  readonly parameters: ParameterFile;
  readonly limits: DecodeLimits;
  /** Longest side of thumbnails, pixels; 0 makes none. */
  readonly thumbnailPx: number;
  /** See {@link SlotBoard}. */
  readonly board: SharedArrayBuffer;
}

/** One photo to tag. `bytes` are moved to the thread, not copied. */
export interface PhotoTask {
  readonly kind: 'photo';
  /** The task's place in the thread, 0 or 1: its field on the {@link SlotBoard}. */
  readonly place: number;
  readonly bytes: ArrayBuffer;
  readonly model: ModelHandle;
  /** How many tags to return whatever their thresholds, besides those above them. */
  readonly top: number;
}

/** Asks a thread whether it has started. */
export interface ReadyTask {
  readonly kind: 'ready';
}

/** Time spent on a photo in each stage, ms. */
export interface StageTimes {
  readonly decode: number;
  readonly features: number;
  readonly score: number;
}

/** What a thread found in a photo; the main thread knows the names of the classes. */
export interface PhotoTags {
  /** Tags above their class's threshold. */
  readonly tags: TagSelection;
  /** The best `top`, whatever their thresholds. */
  readonly best: TagSelection;
  /** What the model's extractors say of the photo: copied to the main thread, which is as quick as moving so little. */
  readonly features: readonly ExtractedFeatures[];
  readonly times: StageTimes;
  /** WebP, or why it could not be made; absent where none was wanted. Moved to the main thread. */
  readonly thumbnail?: ThreadReply<Uint8Array<ArrayBuffer>>;
}

/** A thread's answer. Errors lose class and code across threads, so they travel as data. */
export type ThreadReply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: WireFault };

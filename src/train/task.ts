import type { BlobRef } from '../model/blob-store.ts';

/** Plain data that survives JSON. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** One step of a run: a pure function of its parameters and input blobs. The same task gives the same outputs anywhere. */
export interface Task {
  /** Which handler carries it out: `describe`, `statistics`, `learn` … */
  readonly kind: string;
  /** Names the task within its run: `learn/2/0`. */
  readonly key: string;
  readonly parameters: Json;
  /** Every blob that it reads, so that whoever carries it out can have them at hand first. */
  readonly inputs: readonly BlobRef[];
}

/** What a task gave. */
export interface TaskResult {
  /** New blobs, in an order that the kind defines. */
  readonly outputs: readonly BlobRef[];
  readonly value: Json;
}

/** How far a task is; `total` may be unknown at first. */
export interface TaskProgress {
  readonly done: number;
  readonly total: number;
}

/** Carries out tasks, somewhere. */
export interface TaskRunner {
  /**
   * Carries out a task.
   * @throws Fault of the task; `CANCELLED` after `signal`
   */
  run(
    task: Task,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (progress: TaskProgress) => void },
  ): Promise<TaskResult>;
  /** How many tasks can run at once; at least 1. */
  readonly parallelism: number;
}

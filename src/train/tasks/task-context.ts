import type { BlobStore } from '../../model/blob-store.ts';
import type { LastModel } from '../../model/last-model.ts';
import type { ModelHandle } from '../../model/model-scorer.ts';
import type { Extractors } from '../../vision/extractors.ts';
import type { Kernel } from '../../vision/kernel.ts';
import type { Task, TaskResult } from '../task.ts';

/** What a task has to work with, in the thread that carries it out. */
export interface TaskContext {
  readonly kernel: Kernel;
  /** The task's inputs are there; its outputs go there. */
  readonly blobs: BlobStore;
  /** An empty folder for temporary files, removed after the task. */
  readonly scratch: string;
  /** Loaded when they are first asked for, once a thread. */
  readonly extractors: Extractors;
  /** Models of files, for tasks that are given one. */
  readonly models: LastModel;
  /** The published model that the task works with, if it was given one; the matrix is that of all threads. */
  readonly model?: ModelHandle | undefined;
  /** Says how far the task is; it is also the moment at which {@link signal} hears of a cancel, so call it often. */
  readonly progress: (done: number, total: number) => void;
  /** Aborted with a Fault `CANCELLED` when nobody wants the result any more; the thread is ended if that is not heeded. */
  readonly signal: AbortSignal;
}

/** Carries out the tasks of one kind, in a thread. What it throws is the task's fault. */
export type TaskHandler = (task: Task, context: TaskContext) => Promise<TaskResult>;

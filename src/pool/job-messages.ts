import type { ModelHandle } from '../model/model-scorer.ts';
import type { Task } from '../train/task.ts';
import type { ParameterFile } from '../vision/parameter-file.ts';

/** What a job thread is given when it starts (`workerData`). */
export interface JobSetup {
  /** The kernel, compiled once a process. */
  readonly kernel: WebAssembly.Module;
  /** Of `lite0`, if tasks are to describe photos by it; their memory is shared by all threads. */
  readonly parameters: ParameterFile | undefined;
}

/** One task for a job thread. */
export interface Job {
  readonly kind: 'job';
  readonly task: Task;
  /** The published model that it works with, if it does. */
  readonly model?: ModelHandle | undefined;
  /** Folder of the blob store that has its inputs and gets its outputs. */
  readonly blobs: string;
  /** Folder of its own for temporary files; not there yet. */
  readonly scratch: string;
  /** See {@link JobBoard}. */
  readonly board: SharedArrayBuffer;
}

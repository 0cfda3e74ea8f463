// Worker threads that tag photos as ever, but hang at those that say so after their last byte.
import { workerData } from 'node:worker_threads';
import { SlotBoard, type PlaceStage } from '../../src/pool/slot-board.ts';
import type {
  PhotoTags,
  PhotoTask,
  ReadyTask,
  ThreadReply,
  ThreadSetup,
} from '../../src/pool/thread-messages.ts';
import tag from '../../src/pool/worker-entry.ts';
import { stageOfHanging } from './hanging-photos.ts';

const board = new SlotBoard((workerData as ThreadSetup).board);

/** How a thread hangs: in libvips, which has threads of its own, its event loop goes on. */
const hang: Readonly<Record<Exclude<PlaceStage, 'empty'>, () => unknown>> = {
  decoding: () => new Promise(() => undefined),
  thumbnail: () => new Promise(() => undefined),
  kernel: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
};

/** The thread's task handler, called by the pool. */
export default async function handle(
  task: PhotoTask | ReadyTask,
): Promise<ThreadReply<PhotoTags | undefined>> {
  const stage = task.kind === 'photo' ? stageOfHanging(new Uint8Array(task.bytes)) : undefined;
  if (task.kind === 'photo' && stage !== undefined) {
    board.set(task.place, stage);
    await hang[stage]();
  }
  return await tag(task);
}

// A worker thread that does what the bytes of a photo say: for tests of what becomes of slots whose threads misbehave.
import { spawnSync } from 'node:child_process';
import { workerData } from 'node:worker_threads';
import { Fault } from '../../src/base/errors.ts';
import { SlotBoard } from '../../src/pool/slot-board.ts';
import type {
  PhotoTags,
  PhotoTask,
  ReadyTask,
  ThreadReply,
  ThreadSetup,
} from '../../src/pool/thread-messages.ts';

const board = new SlotBoard((workerData as ThreadSetup).board);

const nothing = { indices: new Uint32Array(), scores: new Float32Array() };
const found: PhotoTags = {
  tags: nothing,
  best: nothing,
  features: [],
  times: { decode: 0, features: 0, score: 0 },
};

/** What a photo can have a thread do. */
const commands: Readonly<Record<string, () => unknown>> = {
  pass: () => undefined,
  fail: () => {
    throw new Fault('PHOTO_DAMAGED', { reason: 'it says so' });
  },
  exit: () => process.exit(3),
  /** Outside of any task: nobody catches it. */
  throw: () => {
    setImmediate(() => {
      throw new Error('thrown in a thread');
    });
    return new Promise(() => undefined);
  },
  fill: () => {
    const kept: number[][] = [];
    for (;;) kept.push(new Array<number>(10_000).fill(kept.length));
  },
  spin: () => {
    for (;;);
  },
  wait: () => new Promise(() => undefined),
  /** Holds the thread, at no cost, until it is ended. */
  hang: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  /** In a call that no termination interrupts. */
  block: () => spawnSync('sleep', ['1']),
};

/** Obeys `STAGE COMMAND`; each photo is counted in the model's weights when it has come that far. */
export default async function handle(
  task: PhotoTask | ReadyTask,
): Promise<ThreadReply<PhotoTags | undefined>> {
  if (task.kind === 'ready') return { ok: true, value: undefined };
  const [stage, command = ''] = new TextDecoder().decode(task.bytes).split(' ');
  board.set(task.place, stage === 'kernel' ? 'kernel' : 'decoding');
  Atomics.add(new Int32Array(task.model.blocks[0]!.panels.buffer), 0, 1);
  try {
    await commands[command]?.();
    return { ok: true, value: found };
  } catch (error) {
    return { ok: false, fault: Fault.from(error).toWire() };
  } finally {
    board.set(task.place, 'empty');
  }
}

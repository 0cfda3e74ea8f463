import type { CancelTimer } from '../src/base/clock.ts';
import { Fault } from '../src/base/errors.ts';
import { ActorName } from '../src/runtime/index.ts';
import type { Behaviour, Context } from '../src/runtime/index.ts';
import type { Puller } from '../src/transport/puller.ts';
import type { TaskDelivery } from '../src/transport/task-delivery.ts';
import type { TaskQueue } from '../src/transport/task-queue.ts';
import { TaskAttempt, type TaskAttemptParts } from './task-attempt.ts';

/** What a task runner is told. */
export type TaskRunnerMessage =
  | { readonly type: 'pulled'; readonly delivery: TaskDelivery }
  | { readonly type: 'settled'; readonly attempt: TaskAttempt }
  /** Time to renew the leases. */
  | { readonly type: 'renew' }
  /** Time to remove what is left of runs that are over. */
  | { readonly type: 'sweep' };

/** The task runner of a node. */
export const taskRunnerName = new ActorName<TaskRunnerMessage>('tasks');

/** What a task runner works with. */
export interface TaskRunnerArgument extends TaskAttemptParts {
  readonly queue: TaskQueue;
  /** Lease on a task, ms. */
  readonly ackWaitMs: number;
}

interface TaskRunnerState extends TaskRunnerArgument {
  readonly context: Context<TaskRunnerMessage>;
  readonly puller: Puller<TaskDelivery>;
  /** By run and key. */
  readonly held: Map<string, TaskAttempt>;
}

const sweepMs = 60_000;
/** How long an end waits for records to be written. */
const handBackMs = 2_000;

/** Pulls as many tasks as there are job threads, and keeps their leases until they are settled. */
export const taskRunner: Behaviour<TaskRunnerState, TaskRunnerMessage, TaskRunnerArgument> = {
  kind: 'tasks',
  init: (argument, context) => {
    const puller = argument.queue.pull(
      (delivery) => {
        context.self.cast({ type: 'pulled', delivery });
      },
      { window: argument.pool.parallelism },
    );
    const state: TaskRunnerState = { ...argument, context, puller, held: new Map() };
    context.after(argument.ackWaitMs / 3, { type: 'renew' });
    context.after(0, { type: 'sweep' });
    // A killed actor is not asked to terminate.
    context.ending.addEventListener('abort', () => {
      void handBack(state);
    });
    return state;
  },
  receive: (state, message) => {
    switch (message.type) {
      case 'pulled':
        take(state, message.delivery);
        break;
      case 'settled':
        if (state.held.get(nameOf(message.attempt)) === message.attempt)
          state.held.delete(nameOf(message.attempt));
        break;
      case 'renew':
        for (const attempt of state.held.values()) void attempt.renew();
        state.context.after(state.ackWaitMs / 3, message);
        break;
      case 'sweep':
        void sweep(state);
        state.context.after(sweepMs, message);
        break;
    }
    return state;
  },
  terminate: handBack,
  describe: ({ held, pool }) => ({
    tasks: Array.from(held.values(), ({ task: { run, key }, progress }) => ({ run, key, progress })),
    slots: pool.describe(),
  }),
};

function take(state: TaskRunnerState, delivery: TaskDelivery): void {
  try {
    const { run, key } = delivery.task;
    if (state.held.has(`${run} ${key}`)) {
      // Its lease ran out while it was in work here, such as while the server was away: once is enough.
      delivery.abandon();
      return;
    }
    const attempt = new TaskAttempt(state, delivery);
    state.held.set(nameOf(attempt), attempt);
    void attempt.settled.then(() => {
      state.context.self.cast({ type: 'settled', attempt });
    });
  } catch (error) {
    state.log.error({ fault: Fault.from(error).toWire() }, 'what is no task is taken off the queue');
    void delivery.terminate().catch(() => undefined);
  }
}

async function sweep({ blobs, runs, log }: TaskRunnerState): Promise<void> {
  try {
    await blobs.sweep((run) => runs.isActive(run));
  } catch (error) {
    log.debug({ fault: Fault.from(error).toWire() }, 'blobs of runs that are over were not removed');
  }
}

/** Pulls no more, and lets others have what is not done. */
async function handBack({ puller, held, clock }: TaskRunnerState): Promise<void> {
  const stopped = puller.stop();
  const handed = Promise.all(Array.from(held.values(), (attempt) => attempt.handBack()));
  let cancel: CancelTimer = () => undefined;
  const enough = new Promise<void>((resolve) => {
    cancel = clock.after(handBackMs, resolve);
  });
  await Promise.race([handed, enough]);
  cancel();
  await stopped;
}

function nameOf({ task: { run, key } }: TaskAttempt): string {
  return `${run} ${key}`;
}

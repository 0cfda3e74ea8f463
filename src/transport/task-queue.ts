import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
} from 'nats';
import { Fault } from '../base/errors.ts';
import { encodeName } from '../base/ids.ts';
import { clientOf } from './client.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage } from './durable-consumer.ts';
import { isWrongRevision } from './nats-faults.ts';
import type { QueuedTask } from './payloads.ts';
import { names, orMissing } from './photo-stream.ts';
import { readLast } from './stored-message.ts';
import { subjectOf, wildcardOf } from './subjects.ts';
import { TaskDelivery } from './task-delivery.ts';
import { WorkQueue, type WorkQueueParts } from './work-queue.ts';

/** Settings of the queue of tasks. */
export interface TaskQueueOptions {
  /** Lease on a delivered task. Default 10000 ms. */
  readonly ackWaitMs?: number;
  /** 1 alone, 3 in a cluster. Default 1. */
  readonly replicas?: number;
}

const maxTaskBytes = 512 * 1024;
const maxTasks = 10_000;

/** A node's side of the queue of tasks: what a run wants done waits here until some node has done it. */
export class TaskQueue extends WorkQueue<TaskDelivery> {
  /**
   * Creates the stream and its consumer, or changes what differs from the options.
   * @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE`
   */
  static async open(connection: Connection, options: TaskQueueOptions = {}): Promise<TaskQueue> {
    try {
      const manager = await clientOf(connection).jetstreamManager({ checkAPI: false });
      const queue = new TaskQueue(connection, manager, partsOf(options));
      await queue.ensure();
      return queue;
    } catch (error) {
      throw connection.fault(error, names.tasks);
    }
  }

  /**
   * Queues a task, unless it is queued or in work already; tells whether it was not.
   * @throws Fault `NATS_UNREACHABLE`, `DISK_RESERVE`, `REQUEST_INVALID` (too large)
   */
  async add(task: QueuedTask): Promise<boolean> {
    const payload = new TextEncoder().encode(JSON.stringify(task));
    if (payload.length > maxTaskBytes)
      throw new Fault('REQUEST_INVALID', {
        reason: `the task ${task.key} has ${String(payload.length)} bytes of parameters and inputs, more than ${String(maxTaskBytes)}`,
      });
    try {
      // Whoever has done it acknowledges it, and its subject is empty again.
      const published = clientOf(this.connection)
        .jetstream()
        .publish(subjectFor(task), payload, {
          expect: { streamName: names.tasks, lastSubjectSequence: 0 },
        });
      await this.connection.orBroken(published);
      return true;
    } catch (error) {
      if (isWrongRevision(error)) return false;
      throw this.connection.fault(error, names.tasks);
    }
  }

  /**
   * Takes a task off the queue, whether it waits or is in work; of its run all without `key`.
   * @throws Fault `NATS_UNREACHABLE`
   */
  async withdraw(run: string, key?: string): Promise<void> {
    const filter = key === undefined ? wildcardOf('task').replace('*', run) : subjectFor({ run, key });
    const { state } = await this.try(this.manager.streams.info(names.tasks, { subjects_filter: filter }));
    for (const subject of Object.keys(state.subjects ?? {})) await this.#remove(subject);
  }

  // One by one: a purge by subject makes nats-server 2.9 pass over tasks of other runs.
  async #remove(subject: string): Promise<void> {
    const stored = await readLast(this.connection, names.tasks, subject);
    if (stored === undefined) return;
    await this.try(orMissing(this.manager.streams.deleteMessage(names.tasks, stored.sequence, false)));
  }

  protected delivered(message: DeliveredMessage, onSettled: () => void): TaskDelivery {
    return new TaskDelivery(this.connection, message, onSettled);
  }
}

function subjectFor({ run, key }: Pick<QueuedTask, 'run' | 'key'>): string {
  return subjectOf('task', { run, key: encodeName(key) });
}

function partsOf({ ackWaitMs = 10_000, replicas = 1 }: TaskQueueOptions): WorkQueueParts {
  return {
    stream: {
      name: names.tasks,
      subjects: [wildcardOf('task')],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      num_replicas: replicas,
      discard: DiscardPolicy.New,
      max_msgs: maxTasks,
      max_msg_size: maxTaskBytes,
      allow_direct: true,
    },
    consumer: {
      durable_name: names.runners,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      // Attempts are counted by us, in the task's record.
      max_deliver: -1,
      max_ack_pending: maxTasks,
    },
  };
}

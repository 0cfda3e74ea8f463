import { Fault, reasonOf } from '../base/errors.ts';
import type { Connection } from './connection.ts';
import type { DeliveredMessage } from './durable-consumer.ts';
import { Lease } from './lease.ts';
import { queuedTask, type QueuedTask } from './payloads.ts';

/** One task under lease. */
export class TaskDelivery extends Lease {
  readonly #read: QueuedTask | Fault;

  constructor(connection: Connection, message: DeliveredMessage, onSettled: () => void) {
    super(connection, message, onSettled);
    this.#read = read(message.payload);
  }

  /**
   * The task.
   * @throws Fault `REQUEST_INVALID` if it cannot be read
   */
  get task(): QueuedTask {
    if (this.#read instanceof Fault) throw this.#read;
    return this.#read;
  }
}

function read(payload: Uint8Array): QueuedTask | Fault {
  try {
    return queuedTask.parse(JSON.parse(new TextDecoder().decode(payload)));
  } catch (error) {
    return new Fault('REQUEST_INVALID', { reason: `it is no task: ${reasonOf(error)}` }, error);
  }
}

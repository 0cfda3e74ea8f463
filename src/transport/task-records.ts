import { decodeName, encodeName } from '../base/ids.ts';
import type { Connection } from './connection.ts';
import { JsonBucket, type Revised } from './json-bucket.ts';
import { taskRecord, type TaskRecord } from './payloads.ts';
import { names } from './photo-stream.ts';

/** What has become of the tasks of each run, by run and key: their results are the checkpoints of the run. */
export class TaskRecords {
  readonly #bucket: JsonBucket<TaskRecord>;

  private constructor(bucket: JsonBucket<TaskRecord>) {
    this.#bucket = bucket;
  }

  /** @throws Fault `NATS_UNREACHABLE`, `NATS_DENIED`, `DISK_RESERVE` */
  static async open(
    connection: Connection,
    options: { readonly replicas?: number } = {},
  ): Promise<TaskRecords> {
    return new TaskRecords(await JsonBucket.open(connection, names.taskRecords, taskRecord, options));
  }

  /**
   * The record of a task, or `undefined` before its first attempt.
   * @throws Fault `NATS_UNREACHABLE`
   */
  get(run: string, key: string): Promise<Revised<TaskRecord> | undefined> {
    return this.#bucket.get(keyOf(run, key));
  }

  /**
   * Writes a record if it is still as it was read (0: there was none); answers its revision, or `undefined` if it is not.
   * @throws Fault `NATS_UNREACHABLE`, `DISK_RESERVE`, `REQUEST_INVALID` (a value that belongs into a blob)
   */
  put(run: string, key: string, record: TaskRecord, revision: number): Promise<number | undefined> {
    return this.#bucket.put(keyOf(run, key), record, revision);
  }

  /**
   * Calls `onChange` for each record of a run, now and later; the answer ends that.
   * @throws Fault `NATS_UNREACHABLE`
   */
  watch(
    run: string,
    onChange: (key: string, record: TaskRecord, revision: number) => void,
  ): Promise<() => void> {
    return this.#bucket.watch(`${run}.*`, (key, { value, revision }) => {
      onChange(decodeName(key.slice(run.length + 1)), value, revision);
    });
  }

  /**
   * Forgets a task of a run; without `key` all.
   * @throws Fault `NATS_UNREACHABLE`
   */
  clear(run: string, key?: string): Promise<void> {
    return this.#bucket.erase(key === undefined ? `${run}.*` : keyOf(run, key));
  }
}

function keyOf(run: string, key: string): string {
  return `${run}.${encodeName(key)}`;
}

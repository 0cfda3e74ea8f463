import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { Fault, reasonOf } from '../../base/errors.ts';

/** What a join may use. */
export interface JoinResources {
  /** A folder of its own; made, and gone afterwards. */
  readonly scratch: string;
  /** Memory of the database, in bytes. */
  readonly memoryBytes: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

type Parameters = Record<string, DuckDBValue>;

/** Rows of a chunk, DuckDB's own number. */
const chunkRows = 2_048;

/**
 * A database on disk for one join: what does not fit into its memory goes to the scratch folder.
 * Every method throws `DISK_FULL`, `CANCELLED` or `JOIN_FAILED`.
 */
export class JoinDatabase {
  readonly #resources: JoinResources;
  readonly #instance: DuckDBInstance;
  /** Everything that writes. */
  readonly #connection: DuckDBConnection;
  /** Results that are read while something is written. */
  readonly #readers: DuckDBConnection[] = [];
  readonly #interrupt = () => {
    for (const connection of [this.#connection, ...this.#readers]) connection.interrupt();
  };

  private constructor(resources: JoinResources, instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#resources = resources;
    this.#instance = instance;
    this.#connection = connection;
    resources.signal?.addEventListener('abort', this.#interrupt);
  }

  /** Runs something with a new database. */
  static async use<T>(resources: JoinResources, work: (database: JoinDatabase) => Promise<T>): Promise<T> {
    const { scratch, memoryBytes, threads } = resources;
    await rm(scratch, { recursive: true, force: true });
    try {
      await mkdir(scratch, { recursive: true });
      const instance = await DuckDBInstance.create(join(scratch, 'join.duckdb'), {
        memory_limit: `${String(Math.ceil(memoryBytes / 1024))}KiB`,
        threads: String(threads),
        temp_directory: join(scratch, 'spilled'),
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
        // How long a text file is it cannot know, and it takes it for short: the join would keep the labels in memory, not the photos.
        disabled_optimizers: 'join_order,build_side_probe_side',
      });
      const database = new JoinDatabase(resources, instance, await instance.connect());
      try {
        return await work(database);
      } finally {
        database.#close();
      }
    } catch (error) {
      throw joinFault(error, resources);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  #close(): void {
    this.#resources.signal?.removeEventListener('abort', this.#interrupt);
    for (const reader of this.#readers) reader.closeSync();
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  /** @returns all rows of the result, which has few */
  async run(sql: string, parameters?: Parameters): Promise<readonly (readonly DuckDBValue[])[]> {
    this.#check();
    return await (await this.#connection.run(sql, parameters)).getRows();
  }

  /** @returns the one number of the result */
  async count(sql: string, parameters?: Parameters): Promise<number> {
    const [row] = await this.run(sql, parameters);
    return Number(row?.[0]);
  }

  /** The chunks of a result, in constant memory. */
  async *stream(sql: string, parameters?: Parameters): AsyncGenerator<DuckDBDataChunk> {
    this.#check();
    const reader = await this.#instance.connect();
    this.#readers.push(reader);
    const result = await reader.stream(sql, parameters);
    for (;;) {
      this.#check();
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk;
    }
  }

  /** Adds rows to a table. */
  async appender(table: string, types: readonly DuckDBType[]): Promise<RowAppender> {
    return new RowAppender(await this.#connection.createAppender(table), types);
  }

  #check(): void {
    this.#resources.signal?.throwIfAborted();
  }
}

/** Adds rows to a table, a chunk at a time; end it by {@link close}. */
export class RowAppender {
  readonly #appender: DuckDBAppender;
  readonly #types: readonly DuckDBType[];
  #chunk: DuckDBDataChunk;
  #rows = 0;

  constructor(appender: DuckDBAppender, types: readonly DuckDBType[]) {
    this.#appender = appender;
    this.#types = types;
    this.#chunk = DuckDBDataChunk.create(types, chunkRows);
  }

  add(...values: readonly (number | string)[]): void {
    for (const [column, value] of values.entries())
      this.#chunk.getColumnVector(column).setItem(this.#rows, value);
    this.#rows += 1;
    if (this.#rows === chunkRows) this.#flush();
  }

  #flush(): void {
    if (this.#rows === 0) return;
    for (const column of this.#types.keys()) this.#chunk.getColumnVector(column).flush();
    this.#chunk.rowCount = this.#rows;
    this.#appender.appendDataChunk(this.#chunk);
    this.#chunk = DuckDBDataChunk.create(this.#types, chunkRows);
    this.#rows = 0;
  }

  close(): void {
    this.#flush();
    this.#appender.closeSync();
  }
}

function joinFault(error: unknown, { scratch, signal }: JoinResources): Fault {
  if (error instanceof Fault) return error;
  if (signal?.aborted === true) return new Fault('CANCELLED', { what: 'label join' }, error);
  const reason = reasonOf(error);
  const isFull = /no space left|ENOSPC|disk quota|max_temp_directory_size|file too large/i.test(reason);
  return isFull
    ? new Fault('DISK_FULL', { file: scratch }, error)
    : new Fault('JOIN_FAILED', { reason }, error);
}

import Database from 'libsql';
import { Fault, reasonOf } from '../base/errors.ts';

/** How a connection to the embedded database is opened. */
export interface DatabaseOptions {
  /** Path of the database; its `-wal` and `-shm` files lie beside it. */
  readonly file: string;
  /** Page cache of each connection, KiB. */
  readonly cacheKib: number;
  /** How long to wait for a lock that another process holds. */
  readonly busyTimeoutMs: number;
}

/**
 * What a statement is given. Whole numbers arrive as SQL reals, so columns that keep them are `INTEGER` in `STRICT`
 * tables, where SQLite turns them back without loss.
 */
export type SqlValue = string | number | Uint8Array | null;

/** A prepared statement; rows come as arrays, in the order of the columns. */
export class Statement<Row extends readonly unknown[] = never> {
  readonly #prepare: () => Database.Statement;
  #prepared: Database.Statement;
  #failed = false;

  constructor(prepare: () => Database.Statement) {
    this.#prepare = prepare;
    this.#prepared = prepare();
  }

  /** Executes a statement without rows. */
  run(...values: SqlValue[]): void {
    this.#use((statement) => statement.run(values));
  }

  /** The first row, or `undefined`. */
  get(...values: SqlValue[]): Row | undefined {
    return this.#use((statement) => statement.get(values)) as Row | undefined;
  }

  /** The first row of a statement that always has one. */
  one(...values: SqlValue[]): Row {
    const row = this.get(...values);
    if (row === undefined) throw new Fault('INTERNAL', { reason: 'a statement returned no row' });
    return row;
  }

  all(...values: SqlValue[]): Row[] {
    return this.#use((statement) => statement.all(values)) as Row[];
  }

  // After an error the driver leaves a statement as it is, and its next use runs once more with the values that failed,
  // whatever it is given: such a statement is never used again.
  #use<T>(work: (statement: Database.Statement) => T): T {
    if (this.#failed) this.#prepared = this.#prepare();
    this.#failed = true;
    const value = work(this.#prepared);
    this.#failed = false;
    return value;
  }
}

/** One connection to the embedded SQLite database; every method blocks its thread. */
export class SqlDatabase {
  readonly #connection: Database.Database;

  /**
   * Opens the file, or makes it.
   * @throws Fault `STORE_UNAVAILABLE`, `STORE_FORMAT`
   */
  constructor(options: DatabaseOptions) {
    try {
      this.#connection = new Database(options.file, { timeout: options.busyTimeoutMs });
      // Index entries arrive all over the trees, and the log takes whole pages: small ones halve what a commit writes.
      this.pragma('page_size = 2048');
      // WAL: one writer and any number of readers never wait for each other. FULL: a commit returns when its log
      // records are on the disk (one fsync), so that neither kill -9 nor a power cut takes back what was answered.
      this.pragma('journal_mode = WAL');
      this.pragma('synchronous = FULL');
      this.pragma(`cache_size = -${String(options.cacheKib)}`);
      // Pages that many commits change are copied into the database once; 32 MiB of log are read back in a moment.
      this.pragma('wal_autocheckpoint = 16384');
      // A burst of writes or a long read may let the log grow; it shrinks back to this at the next checkpoint.
      this.pragma(`journal_size_limit = ${String(64 * 1024 * 1024)}`);
    } catch (thrown) {
      throw storeFault(thrown, options.file);
    }
  }

  prepare<Row extends readonly unknown[] = never>(sql: string): Statement<Row> {
    return new Statement(() => {
      const statement = this.#connection.prepare(sql);
      // The driver wants to know beforehand how rows are wanted, and refuses where there are none.
      return statement.reader ? statement.raw() : statement;
    });
  }

  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** Runs `PRAGMA source` and returns its first value, if it has one. */
  pragma(source: string): unknown {
    return this.prepare<[unknown]>(`PRAGMA ${source}`).all()[0]?.[0];
  }

  /** Runs `body` in one write transaction: committed, and durable, when this returns; undone if it throws. */
  transaction<T>(body: () => T): T {
    this.execute('BEGIN IMMEDIATE');
    try {
      const value = body();
      this.execute('COMMIT');
      return value;
    } catch (thrown) {
      // After some errors (a full disk) SQLite has rolled back by itself.
      if (this.#connection.inTransaction) this.execute('ROLLBACK');
      throw thrown;
    }
  }

  /** Runs `body` in one read transaction: all its statements see the same state. */
  snapshot<T>(body: () => T): T {
    this.execute('BEGIN');
    try {
      return body();
    } finally {
      if (this.#connection.inTransaction) this.execute('COMMIT');
    }
  }

  close(): void {
    this.#connection.close();
  }
}

// What the operator can do about it; the first entry that begins the code wins.
const reasons: readonly (readonly [code: string, reason: string])[] = [
  ['SQLITE_BUSY', 'another process is writing to the database'],
  ['SQLITE_LOCKED', 'another connection has locked the database'],
  ['SQLITE_FULL', 'the disk is full'],
  ['SQLITE_READONLY', 'the database file is read-only'],
  ['SQLITE_CORRUPT', 'the database file is damaged; restore it from a copy'],
  ['SQLITE_IOERR', 'the disk reports an error'],
  ['SQLITE_CANTOPEN', 'the database file cannot be opened'],
  ['SQLITE_PERM', 'the database file may not be accessed'],
  ['SQLITE_NOMEM', 'there is not enough memory'],
  ['SQLITE_PROTOCOL', 'the database is locked by too many processes'],
];

/** Any error of the embedded database as a fault: the store is away, or (a mistake of ours) `INTERNAL`. */
export function storeFault(thrown: unknown, file: string): Fault {
  if (thrown instanceof Fault) return thrown;
  const code = codeOf(thrown);
  if (code === 'SQLITE_NOTADB')
    return new Fault('STORE_FORMAT', { file, reason: 'it is not an SQLite database' }, thrown);
  const reason = reasons.find(([prefix]) => code.startsWith(prefix))?.[1];
  if (reason === undefined) return Fault.from(thrown);
  return new Fault('STORE_UNAVAILABLE', { reason: `${reason}: ${file}, ${code}` }, thrown);
}

function codeOf(thrown: unknown): string {
  // The driver reports a failed open without a code.
  if (reasonOf(thrown).startsWith('ConnectionFailed')) return 'SQLITE_CANTOPEN';
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { Pool, PoolClient, PoolConfig } from 'pg';
import { Fault, reasonOf } from '../../base/errors.ts';
import { sqlStateOf } from './server-faults.ts';
import type { ServerAddress, TlsFiles } from '../../base/store-url.ts';

/** What a statement is given: always bound, never written into the text. */
export type SqlValue = string | number | readonly string[] | readonly number[] | readonly Uint8Array[] | null;

/** A statement with its values. */
export interface Sql {
  readonly text: string;
  readonly values?: readonly SqlValue[];
}

/** Limits of a node's connections. */
export interface PoolLimits {
  /** Connections that write. Default 2. */
  readonly writers?: number | undefined;
  /** Connections that read. Default 4. */
  readonly readers?: number | undefined;
  /** For a new connection, or a free one, ms. Default 5,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** For one statement, ms. Default 15,000. */
  readonly statementTimeoutMs?: number | undefined;
}

/** How much longer than the server this side waits for a statement: then nobody is there. */
const graceMs = 2_000;
/** A deadlock or a write of the same row leaves everything as it was: it is tried again at once. */
const maxTries = 5;

/**
 * The connections to a PostgreSQL server: some that write, some that read, so that neither waits for the other. They come
 * back by themselves. Whatever fails is thrown as the client throws it, see `serverFault`.
 */
export class ServerPools {
  readonly #writers: Pool;
  readonly #readers: Pool;
  readonly #clients = new Set<PoolClient>();
  #closed: Promise<unknown> | undefined;

  private constructor(address: ServerAddress, tls: ConnectionOptions | false, limits: PoolLimits) {
    const pool = (max: number, settings: readonly string[]) =>
      this.#pool({
        ...configOf(address, tls, limits),
        max,
        options: settings.map((each) => `-c ${each}`).join(' '),
      });
    // Whoever stands still in a transaction holds up all others.
    this.#writers = pool(limits.writers ?? 2, [
      ...common,
      'idle_in_transaction_session_timeout=3000',
      'lock_timeout=10000',
    ]);
    this.#readers = pool(limits.readers ?? 4, [...common, ...byIndex, 'default_transaction_read_only=on']);
  }

  /** @throws Fault `STORE_UNAVAILABLE` if a file of TLS cannot be read */
  static async open(address: ServerAddress, limits: PoolLimits): Promise<ServerPools> {
    return new ServerPools(address, address.tls === undefined ? false : await tlsOf(address.tls), limits);
  }

  /** Runs a statement that reads; rows come as arrays, in the order of the columns. */
  read<Row extends readonly unknown[]>(statement: Sql): Promise<Row[]> {
    return run(this.#readers, statement);
  }

  /**
   * Runs statements in one transaction: all durable when this resolves, all undone if it rejects. One alone is a
   * transaction by itself, so that nobody is left waiting for its locks if this process stands still.
   * @returns the rows of each
   */
  async write<Row extends readonly unknown[]>(statements: readonly Sql[]): Promise<Row[][]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#write<Row>(statements);
      } catch (thrown) {
        if (!sqlStateOf(thrown).startsWith('40') || tries === maxTries) throw thrown;
      }
    }
  }

  /** Runs `body` on one connection that writes, in a transaction. */
  async transaction<T>(body: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#writers.connect();
    // A connection that breaks between two statements: the next one says so.
    const unheard = () => undefined;
    client.on('error', unheard);
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      const value = await body(client);
      await client.query('COMMIT');
      return value;
    } catch (thrown) {
      // The connection goes, and what it has begun with it.
      failure = thrown instanceof Error ? thrown : new Error(reasonOf(thrown));
      throw thrown;
    } finally {
      client.off('error', unheard);
      client.release(failure);
    }
  }

  /** Ends when all that runs has ended; safe to repeat. */
  async close(): Promise<void> {
    this.#closed ??= Promise.all([this.#writers.end(), this.#readers.end()]);
    await this.#closed;
  }

  /** Breaks all connections off. */
  kill(): void {
    for (const client of this.#clients) void client.end();
    void this.close();
  }

  async #write<Row extends readonly unknown[]>(statements: readonly Sql[]): Promise<Row[][]> {
    const [first] = statements;
    if (first !== undefined && statements.length === 1) return [await run<Row>(this.#writers, first)];
    return this.transaction(async (client) => {
      const rows: Row[][] = [];
      for (const statement of statements) rows.push(await run<Row>(client, statement));
      return rows;
    });
  }

  #pool(config: PoolConfig): Pool {
    const pool = new pg.Pool(config);
    pool.on('connect', (client) => this.#clients.add(client));
    pool.on('remove', (client) => this.#clients.delete(client));
    // Of a connection that nobody uses: the next statement gets a new one, and says so if there is none.
    pool.on('error', () => undefined);
    return pool;
  }
}

async function run<Row extends readonly unknown[]>(
  on: Pool | PoolClient,
  { text, values = [] }: Sql,
): Promise<Row[]> {
  const { rows } = await on.query<unknown[]>({ text, values: [...values], rowMode: 'array' });
  // The compiler cannot see what a statement selects; its caller says so.
  return rows as unknown as Row[];
}

// Compiling a statement takes longer than any of ours runs; workers are for reports, not for a page of hits.
const common = ['jit=off', 'max_parallel_workers_per_gather=0', 'client_encoding=UTF8'];
// What is read has an index. Before the first vacuum the planner takes that for slower than reading whole tables.
const byIndex = ['enable_seqscan=off', 'enable_bitmapscan=off', 'random_page_cost=1.1'];

function configOf(
  { host, port, database, user, password }: ServerAddress,
  tls: ConnectionOptions | false,
  { connectTimeoutMs = 5_000, statementTimeoutMs = 15_000 }: PoolLimits,
): PoolConfig {
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: tls,
    application_name: 'autotag',
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + graceMs,
    types,
  };
}

// Counts and times are all safe integers: numbers, not the client's texts.
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

async function tlsOf({ authority, certificate, key }: TlsFiles): Promise<ConnectionOptions> {
  const read = async (file: string | undefined) => {
    if (file === undefined) return undefined;
    try {
      return await readFile(file, 'utf8');
    } catch (thrown) {
      throw new Fault(
        'STORE_UNAVAILABLE',
        { reason: `a file of TLS cannot be read: ${reasonOf(thrown)}` },
        thrown,
      );
    }
  };
  const [ca, cert, ownKey] = await Promise.all([authority, certificate, key].map(read));
  return { ca, cert, key: ownKey };
}

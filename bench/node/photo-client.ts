import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Connection } from '../../src/transport/connection.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import type { PhotoResult } from '../../src/transport/payloads.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { importModel } from '../../src/transport/model-transfer.ts';
import { request } from '../../src/transport/requests.ts';
import { listenToResults } from '../../src/transport/result-publisher.ts';
import type { ResultSubscription } from '../../src/transport/result-publisher.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import type { NodeProcess } from './node-process.ts';

const storeStatus = z.object({ store: z.object({ photos: z.number() }) });

/** Somebody who submits photos to a node and waits for their tags, as `cluster submit --wait` does. */
export class PhotoClient {
  readonly #connection: Connection;
  readonly #submitter: PhotoSubmitter;
  readonly #results: ResultSubscription;
  readonly #client: string;
  readonly #waiting = new Set<string>();
  /** Of photos that come one by one. */
  readonly #heard = new Map<string, () => void>();
  #onResult: (problem?: Error) => void = () => undefined;
  #runs = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#submitter = new PhotoSubmitter(connection);
    this.#client = randomBytes(8).toString('hex');
    this.#results = listenToResults(
      connection,
      this.#client,
      (result) => {
        this.#take(result);
      },
      (problem) => {
        this.#onResult(problem instanceof Error ? problem : new Error(String(problem)));
      },
    );
  }

  static async connect({ url, dataFolder }: NodeProcess): Promise<PhotoClient> {
    const credentials = await credentialsFor(url, { dataFolder, role: 'operator' });
    const connection = await Connection.open({ url, role: 'operator', name: 'bench', credentials });
    const client = new PhotoClient(connection);
    await client.#results.ready;
    return client;
  }

  get serverVersion(): string {
    return this.#connection.serverVersion;
  }

  /**
   * Submits photos under ids that are new each time.
   * @returns seconds from the first submit to the result of the last: its row is stored and its message acknowledged
   */
  async tag(photos: readonly BenchPhoto[]): Promise<number> {
    const run = ++this.#runs;
    const named = photos.map(({ name, bytes }) => ({ id: `${String(run)}/${name}`, bytes }));
    for (const { id } of named) this.#waiting.add(id);
    const tagged = new Promise<void>((resolve, reject) => {
      this.#onResult = (problem) => {
        if (problem !== undefined) reject(problem);
        else if (this.#waiting.size === 0) resolve();
      };
    });
    const started = performance.now();
    const submits: Promise<unknown>[] = [tagged];
    for (const photo of named) {
      await this.#submitter.ready();
      submits.push(this.#submitter.submit({ ...photo, client: this.#client }));
    }
    await Promise.all(submits);
    return (performance.now() - started) / 1000;
  }

  /**
   * Submits one photo under an id that is new.
   * @returns milliseconds from the submit to its result: its row is stored then, and searches find it
   */
  async latency({ name, bytes }: BenchPhoto): Promise<number> {
    const id = `${String(++this.#runs)}/${name}`;
    const heard = new Promise<void>((resolve) => this.#heard.set(id, resolve));
    const started = performance.now();
    await Promise.all([this.#submitter.submit({ id, bytes, client: this.#client }), heard]);
    return performance.now() - started;
  }

  /** Rows in the node's tag store. */
  async stored(): Promise<number> {
    const status = await request(this.#connection, 'status', {}, {});
    return storeStatus.parse(status).store.photos;
  }

  /** Has the node use the model of a file. */
  async activate(file: string): Promise<void> {
    const models = [await importModel(this.#connection, file)];
    await request(this.#connection, 'modelActivate', {}, { models }, 30_000);
  }

  async close(): Promise<void> {
    this.#results.stop();
    await this.#connection.close();
  }

  #take(result: PhotoResult): void {
    this.#heard.get(result.id)?.();
    this.#heard.delete(result.id);
    const known = this.#waiting.delete(result.id);
    if ('error' in result) this.#onResult(new Error(`${result.id}: ${result.error.message}`));
    else if (known) this.#onResult();
  }
}

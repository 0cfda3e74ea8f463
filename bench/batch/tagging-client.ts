import { setTimeout } from 'node:timers/promises';
import { Connection } from '../../src/transport/connection.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import type { RunRecord } from '../../src/transport/payloads.ts';
import { request } from '../../src/transport/requests.ts';
import { tagSpec } from '../../src/transport/run-spec.ts';

/** As `cluster tag` looks: each look is work of the node. */
const pollMs = 500;
const startTimeoutMs = 20_000;

/** Somebody who has files tagged by a node, as `cluster tag` does. */
export class TaggingClient {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async connect(node: { readonly url: string; readonly dataFolder: string }): Promise<TaggingClient> {
    const { url, dataFolder } = node;
    const credentials = await credentialsFor(url, { dataFolder, role: 'operator' });
    return new TaggingClient(await Connection.open({ url, role: 'operator', name: 'bench', credentials }));
  }

  /** Begins a run over a file of pixel data. */
  async begin(pixels: string, out: string): Promise<string> {
    const spec = tagSpec.parse({ kind: 'tag', pixels: [pixels], out, overwrite: true });
    return (await request(this.#connection, 'runStart', { node: 'n1' }, spec, startTimeoutMs)).id;
  }

  /** The run as it is now. */
  async look(run: string): Promise<RunRecord> {
    const [record] = (await request(this.#connection, 'runList', {}, { run })).runs;
    if (record === undefined) throw new Error(`The run ${run} is gone.`);
    return record;
  }

  /** Waits until a run is as it is wanted; one that has ended otherwise is an error. */
  async until(run: string, isWanted: (record: RunRecord) => boolean): Promise<RunRecord> {
    for (;;) {
      const record = await this.look(run);
      if (isWanted(record)) return record;
      if (record.state !== 'running')
        throw new Error(`The run ${run} is ${record.state}: ${record.fault?.message ?? ''}`);
      await setTimeout(pollMs);
    }
  }

  /**
   * Has a file tagged.
   * @returns seconds from the request to the end on record
   */
  async tag(pixels: string, out: string): Promise<number> {
    const started = performance.now();
    const run = await this.begin(pixels, out);
    await this.until(run, ({ state }) => state === 'done');
    return (performance.now() - started) / 1000;
  }

  /** Ends a run. */
  async cancel(run: string): Promise<void> {
    await request(this.#connection, 'runCancel', {}, { run });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

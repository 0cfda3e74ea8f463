import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../src/base/errors.ts';
import { builtEntry } from '../../src/base/built-entry.ts';
import { readModel, type Model } from '../../src/model/model-file.ts';
import { exportModel } from '../../src/transport/model-transfer.ts';
import type { RunRecord } from '../../src/transport/payloads.ts';
import type { RequestOf } from '../../src/transport/requests.ts';
import type { ClusterClient } from '../support/cluster-client.ts';
import { NodeProcess, type GivenOptions } from '../support/node-process.ts';
import type { LabelledPhotos } from './training-photos.ts';

/** What a run is told. */
export type RunSpec = RequestOf<'runStart'>;

const threads = 2;
const runTimeoutMs = 300_000;
const startAgainMs = 200;

/** A node that trains, which something else kills; it is started again whenever that has happened. */
export class TrainingNode {
  readonly process: NodeProcess;
  /** How often it was started again. */
  restarts = 0;
  #client: ClusterClient | undefined;

  private constructor(process: NodeProcess) {
    this.process = process;
  }

  /** Starts one on a new data folder. */
  static async start(given: GivenOptions = {}): Promise<TrainingNode> {
    const options = { threads: 1, jobThreads: threads, ackWaitMs: 1_500, ...given };
    return new TrainingNode(
      await NodeProcess.start(options, { jobEntry: builtEntry('training-job-entry', import.meta.url) }),
    );
  }

  /** A connection to it as it is now. */
  async client(): Promise<ClusterClient> {
    return (this.#client ??= await this.process.connect());
  }

  /** Starts a run that learns from these photos. */
  async train(
    { pixels, labels }: Partial<LabelledPhotos>,
    more: Record<string, unknown> = {},
  ): Promise<RunRecord> {
    const spec = {
      kind: 'train',
      pixels: pixels === undefined ? [] : [pixels],
      labels: labels === undefined ? [] : [labels],
      ...more,
    } as RunSpec;
    return await (await this.client()).ask('runStart', { node: 'n1' }, spec);
  }

  /** Goes on with a run. */
  async resume(run: string): Promise<RunRecord> {
    return await (await this.client()).ask('runResume', { node: 'n1' }, { run });
  }

  /** Ends a run. */
  async cancel(run: string): Promise<RunRecord> {
    return await (await this.client()).ask('runCancel', {}, { run });
  }

  /** The run as it is now; the node is started again if it has ended, and asked again if it does not answer. */
  async look(run: string): Promise<RunRecord> {
    const deadline = performance.now() + runTimeoutMs;
    for (;;) {
      try {
        if (this.process.failed) await this.#startAgain();
        const [found] = await this.#unlessDead(this.#runs(run));
        if (found !== undefined) return found;
      } catch (error) {
        if (performance.now() > deadline || !(error instanceof Fault)) throw error;
        await new Promise((resolve) => setTimeout(resolve, startAgainMs));
      }
    }
  }

  /** Waits until the run is as `condition` says, whatever happens to the node meanwhile. */
  async until(run: string, condition: (record: RunRecord) => boolean): Promise<RunRecord> {
    const deadline = performance.now() + runTimeoutMs;
    for (;;) {
      const record = await this.look(run);
      if (condition(record)) return record;
      if (record.state !== 'running' || performance.now() > deadline)
        throw new Error(
          `the run came no further than ${JSON.stringify(record)}\n${this.process.log().slice(-3_000)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until the run has ended. */
  async end(run: string): Promise<RunRecord> {
    return await this.until(run, ({ state }) => state !== 'running');
  }

  /** The model that a run has made. */
  async model(run: RunRecord): Promise<Model> {
    if (run.state !== 'done') throw new Error(`the run is ${JSON.stringify(run)}`);
    const { model } = run.detail as { model: string };
    const file = join(this.process.data.path, 'exported.model');
    await rm(file, { force: true });
    await exportModel((await this.client()).connection, model, file);
    return await readModel(file);
  }

  async dispose(): Promise<void> {
    await this.#client?.close();
    await this.process.dispose();
  }

  async #runs(run: string): Promise<RunRecord[]> {
    return (await (await this.client()).ask('runList', {}, { run })).runs;
  }

  /** What the node answers; nothing if it ends meanwhile. */
  async #unlessDead<T>(answer: Promise<T[]>): Promise<T[]> {
    let timer: NodeJS.Timeout | undefined;
    const dead = new Promise<T[]>((resolve) => {
      timer = setInterval(() => {
        if (this.process.failed) resolve([]);
      }, 20);
    });
    return await Promise.race([answer, dead]).finally(() => {
      clearInterval(timer);
    });
  }

  async #startAgain(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    // Where nats-server is killed just while the node starts, the start fails.
    await this.process.start().catch(() => this.process.start());
    this.restarts += 1;
  }
}

/** How a model differs from another, but for its time; `undefined` if each of its numbers has the same bits. */
export function differenceOf(one: Model, other: Model): string | undefined {
  const told = ({ header: { blocks, provenance } }: Model) => JSON.stringify({ blocks, provenance });
  if (told(one) !== told(other)) return `the header ${told(one)} is not ${told(other)}`;
  const [a, b] = [Buffer.from(one.buffer), Buffer.from(other.buffer)];
  if (a.equals(b)) return undefined;
  const first = a.findIndex((byte, index) => byte !== b[index]);
  return `the numbers differ from byte ${String(first)} of ${String(a.length)} on`;
}

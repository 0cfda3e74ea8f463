import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { Connection } from '../../src/transport/connection.ts';
import { credentialsFor } from '../../src/transport/credentials.ts';
import { request, type RequestOf } from '../../src/transport/requests.ts';
import { TaskRecords } from '../../src/transport/task-records.ts';
import { joiningUrl } from '../../test/support/joining-url.ts';
import { NodeProcess } from '../node/node-process.ts';

/** A task that was carried out. */
export interface CarriedTask {
  /** The words of its key: `describe`, `learn`, `preview/calibrate`. */
  readonly kind: string;
  readonly node: string;
  /** Of the run, when it was over. */
  readonly endSeconds: number;
  /** With the fetching of its inputs and the handing over of its outputs, if its node does not coordinate the run. */
  readonly seconds: number;
}

/** What a run took, and what it came to. */
export interface FinishedRun {
  /** From the request to the end on record. */
  readonly seconds: number;
  /** Seconds of each step, in their order. */
  readonly steps: Readonly<Record<string, number>>;
  readonly tasks: readonly CarriedTask[];
  /** Id of the model that was trained or used. */
  readonly model: string;
  /** What a training run says of its model, by held-out photos. */
  readonly evaluation: Readonly<Record<string, number | null>> | undefined;
}

const outcome = z.looseObject({
  model: z.string(),
  steps: z.array(z.object({ name: z.string(), seconds: z.number() })),
  evaluation: z.record(z.string(), z.number().nullable()).optional(),
});

const pollMs = 200;
const startTimeoutMs = 20_000;
/** One for photos, which none comes to, and one for tasks. */
const threads = { threads: 1, jobThreads: 1 };

/** Node processes with a job thread each: `n1`, which coordinates runs, and others that take its tasks. */
export class TrainingCluster {
  readonly #coordinator: NodeProcess;
  readonly #operator: Connection;
  readonly #observer: Connection;
  readonly #records: TaskRecords;
  readonly #others: NodeProcess[] = [];

  private constructor(
    coordinator: NodeProcess,
    { operator, observer }: { readonly operator: Connection; readonly observer: Connection },
    records: TaskRecords,
  ) {
    this.#coordinator = coordinator;
    this.#operator = operator;
    this.#observer = observer;
    this.#records = records;
  }

  /** Starts so many nodes, each with a data folder of its own. */
  static async start(nodes: number): Promise<TrainingCluster> {
    const coordinator = await NodeProcess.start({ options: { name: 'n1', ...threads } });
    const operator = await connect(coordinator, 'operator');
    // Who sees tasks is a node.
    const observer = await connect(coordinator, 'node');
    const records = await TaskRecords.open(observer);
    const cluster = new TrainingCluster(coordinator, { operator, observer }, records);
    while (cluster.#others.length + 1 < nodes) await cluster.join();
    return cluster;
  }

  /** Starts one more node. */
  async join(): Promise<void> {
    const name = `n${String(this.#others.length + 2)}`;
    const nats = await joiningUrl(this.#coordinator);
    const options = { name, nats, takes: 'tasks', ...threads };
    this.#others.push(await NodeProcess.start({ options }));
  }

  /** Has `n1` carry out a run, and waits for its end. */
  async run(spec: RequestOf<'runStart'>): Promise<FinishedRun> {
    const started = performance.now();
    const { id } = await request(this.#operator, 'runStart', { node: 'n1' }, spec, startTimeoutMs);
    const tasks = new Map<string, CarriedTask>();
    const unwatch = await this.#records.watch(id, (key, record) => {
      if (record.state !== 'done') return;
      const words = key.split('/').filter((part) => /^[a-z]+$/.test(part));
      const endSeconds = (performance.now() - started) / 1000;
      tasks.set(key, { kind: words.join('/'), node: record.node, endSeconds, seconds: record.tookMs / 1000 });
    });
    try {
      const detail = await this.#ended(id);
      const seconds = (performance.now() - started) / 1000;
      const { model, steps, evaluation } = outcome.parse(detail);
      return {
        seconds,
        steps: Object.fromEntries(steps.map((step) => [step.name, step.seconds])),
        tasks: [...tasks.values()],
        model,
        evaluation,
      };
    } finally {
      unwatch();
    }
  }

  async #ended(run: string): Promise<unknown> {
    for (;;) {
      const { runs } = await request(this.#operator, 'runList', {}, { run });
      const [record] = runs;
      if (record?.state === 'done') return record.detail;
      if (record?.state !== 'running')
        throw new Error(`The run ${run} is ${record?.state ?? 'gone'}: ${record?.fault?.message ?? ''}`);
      await setTimeout(pollMs);
    }
  }

  /** Stops all nodes and removes their data. */
  async stop(): Promise<void> {
    await this.#operator.close();
    await this.#observer.close();
    for (const other of this.#others) await other.stop();
    await this.#coordinator.stop();
  }
}

async function connect({ url, dataFolder }: NodeProcess, role: 'operator' | 'node'): Promise<Connection> {
  const credentials = await credentialsFor(url, { dataFolder, role });
  return await Connection.open({ url, role, name: 'bench', credentials });
}

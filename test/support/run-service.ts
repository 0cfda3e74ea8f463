import { Fault } from '../../src/base/errors.ts';
import { Connection } from '../../src/transport/connection.ts';
import type { RunRecord } from '../../src/transport/payloads.ts';
import { serve, type HandledOf, type ReplyOf, type Served } from '../../src/transport/requests.ts';

/** Answers the requests of runs as nodes do, and does nothing else: a test says what becomes of a run. */
export class StubRunService {
  /** What was asked of which node, in its order. */
  readonly asked: {
    readonly what: 'start' | 'resume' | 'cancel' | 'pause';
    readonly node?: string;
    readonly value: unknown;
  }[] = [];
  readonly runs = new Map<string, RunRecord>();
  /** Pages of failures; the first has the place 0, and each says where the next one is. */
  failures: ReplyOf<'runFailures'>[] = [];
  /** How often somebody asked how far a run is. */
  looks = 0;
  readonly #connection: Connection;
  #served: readonly Served[] = [];

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Serves for nodes of these names; `idle` ones answer, and take no runs. */
  static async open(
    url: string,
    nodes: readonly string[] = ['n1'],
    idle: readonly string[] = [],
  ): Promise<StubRunService> {
    const service = new StubRunService(await Connection.open({ url, role: 'node', name: 'stub' }));
    service.#served = service.#serve(nodes, idle);
    await Promise.all(service.#served.map(({ ready }) => ready));
    return service;
  }

  /** The run that was begun last. */
  get last(): RunRecord {
    const run = [...this.runs.values()].at(-1);
    if (run === undefined) throw new Error('no run was begun');
    return run;
  }

  /** Changes a run's record. */
  update(id: string, change: Partial<RunRecord>): void {
    this.runs.set(id, { ...this.#of(id), updatedAt: Date.now(), ...change });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #serve(nodes: readonly string[], idle: readonly string[]): Served[] {
    const connection = this.#connection;
    return [
      ...[...nodes, ...idle].map((node) =>
        serve(connection, 'nodes', {}, () => Promise.resolve({ node, value: {} })),
      ),
      ...nodes.map((node) =>
        serve(connection, 'runStart', { node }, (spec) => Promise.resolve(this.#start(node, spec))),
      ),
      ...nodes.map((node) =>
        serve(connection, 'runResume', { node }, ({ run }) => {
          this.asked.push({ what: 'resume', node, value: run });
          this.update(run, { state: 'running' });
          return Promise.resolve(this.#of(run));
        }),
      ),
      serve(connection, 'runList', {}, ({ run }) => {
        this.looks += 1;
        return Promise.resolve({ runs: run === undefined ? [...this.runs.values()] : [this.#of(run)] });
      }),
      serve(connection, 'runCancel', {}, ({ run }) => this.#halt('cancel', run, 'cancelled')),
      serve(connection, 'runPause', {}, ({ run }) => this.#halt('pause', run, 'paused')),
      ...nodes.map((node) =>
        serve(connection, 'runFailures', { node }, ({ after }) => Promise.resolve(this.failures[after]!)),
      ),
    ];
  }

  #halt(what: 'cancel' | 'pause', run: string, state: RunRecord['state']): Promise<RunRecord> {
    this.asked.push({ what, value: run });
    this.update(run, { state });
    return Promise.resolve(this.#of(run));
  }

  #start(node: string, spec: HandledOf<'runStart'>): RunRecord {
    this.asked.push({ what: 'start', node, value: spec });
    const now = Date.now();
    const id = `${spec.kind}-${String(this.runs.size + 1)}`;
    const run: RunRecord = {
      id,
      node,
      spec: { ...spec } as RunRecord['spec'],
      state: 'running',
      startedAt: now,
      updatedAt: now,
    };
    this.runs.set(id, run);
    return run;
  }

  #of(id: string): RunRecord {
    const run = this.runs.get(id);
    if (run === undefined) throw new Fault('NOT_FOUND', { what: 'run', id });
    return run;
  }
}

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/base/errors.ts';
import { shuffle, topology } from '../../src/cluster/topology/builder.ts';
import type { LiveNode } from '../../src/cluster/topology/live-node.ts';
import { Connection } from '../../src/transport/connection.ts';
import { TopologyRecords } from '../../src/transport/topology-records.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { lead, startStubNode, StubMembers, type StubNode } from '../support/topology-cluster.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let connection: Connection;
/** Of the last leader: terms only grow, also from one cluster to the next. */
let term = 0;

beforeAll(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
});

afterAll(async () => {
  await connection.close();
  await nats.stop();
});

const specs = [
  topology('photos')
    .spout('photos', { parallelism: 'nodes' })
    .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
    .bolt('dbwriter', { placement: 'store', grouping: shuffle('autotag') })
    .build(),
  topology('sums')
    .spout('numbers', { parallelism: 2 })
    .bolt('sum', { parallelism: 5, grouping: shuffle('numbers') })
    .build(),
];
const names = ['n1', 'n2', 'n3'];

type Step =
  | { readonly act: 'deploy' | 'activate' | 'deactivate' | 'kill'; readonly name: 'photos' | 'sums' }
  | { readonly rebalance: 'photos' | 'sums'; readonly nodes: number; readonly tasks: number }
  | { readonly toggle: string }
  | { readonly crash: string }
  | { readonly succeed: true }
  | { readonly wait: number };

const topologyName = fc.constantFrom('photos' as const, 'sums' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constantFrom('deploy', 'activate', 'deactivate', 'kill'), name: topologyName }),
  fc.record({
    rebalance: topologyName,
    nodes: fc.integer({ min: 1, max: 3 }),
    tasks: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ toggle: fc.constantFrom(...names) }),
  fc.record({ crash: fc.constantFrom(...names) }),
  fc.constant({ succeed: true as const }),
  fc.record({ wait: fc.integer({ min: 0, max: 150 }) }),
);

/** Three nodes, some of which are alive, and whoever leads them. */
class Cluster {
  readonly records: TopologyRecords;
  readonly #members = new StubMembers();
  readonly #nodes = new Map<string, StubNode>();
  readonly #alive = new Set<string>(names);
  #leaders: { stop: () => Promise<void> }[] = [];

  private constructor(records: TopologyRecords) {
    this.records = records;
  }

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(await TopologyRecords.open(connection));
    for (const name of names) cluster.#nodes.set(name, await startStubNode(nats.url, name));
    cluster.#tell();
    await cluster.#succeed();
    return cluster;
  }

  async do(what: Step): Promise<void> {
    if ('act' in what) await this.#act(what.act, what.name);
    else if ('rebalance' in what) await this.#rebalance(what);
    else if ('toggle' in what) await this.#toggle(what.toggle);
    else if ('crash' in what) this.#crash(what.crash);
    else if ('succeed' in what) await this.#succeed();
    else await new Promise((resolve) => setTimeout(resolve, what.wait));
  }

  /** What runs, and what should by the record, if all is at rest. */
  async settled(): Promise<boolean> {
    const { topologies, assignments } = await this.records.read();
    const wanted: string[] = [];
    for (const { name, id, spec, state } of topologies.values()) {
      if (state === 'killing') return false;
      if (state === 'killed') continue;
      const assignment = assignments.get(name);
      if (assignment?.id !== id || assignment.term !== term) return false;
      for (const { component, index, node } of assignment.tasks) {
        if (node !== null && !this.#alive.has(node)) return false;
        const kind = spec.components.find((one) => one.name === component)!.kind;
        if (node !== null && (state === 'active' || kind === 'bolt'))
          wanted.push(`${node} ${name} ${component}:${String(index)}`);
      }
    }
    return JSON.stringify(this.running()) === JSON.stringify(wanted.sort());
  }

  running(): string[] {
    return [...this.#nodes]
      .flatMap(([node, { factory }]) =>
        Array.from(
          factory.running.values(),
          ({ topology: name, component, index }) => `${node} ${name} ${component}:${String(index)}`,
        ),
      )
      .sort();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#leaders.map((leader) => leader.stop()));
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
  }

  async #act(act: 'deploy' | 'activate' | 'deactivate' | 'kill', name: string): Promise<void> {
    const spec = specs.find((one) => one.name === name)!;
    await allowed(
      {
        deploy: () => this.records.deploy(spec),
        activate: () => this.records.activate(name),
        deactivate: () => this.records.deactivate(name),
        kill: () => this.records.kill(name, 200),
      }[act](),
    );
  }

  async #rebalance({ rebalance, nodes, tasks }: Extract<Step, { rebalance: string }>): Promise<void> {
    const parallelism = rebalance === 'sums' ? { sum: tasks } : { autotag: tasks };
    await allowed(this.records.rebalance(rebalance, { nodes, parallelism }));
  }

  /** A node ends, or another begins in its place. n1 stays, so that somebody leads. */
  async #toggle(name: string): Promise<void> {
    if (name === 'n1') return;
    if (this.#alive.delete(name)) {
      this.#tell();
      await this.#nodes.get(name)?.stop();
      this.#nodes.delete(name);
    } else {
      this.#nodes.set(name, await startStubNode(nats.url, name));
      this.#alive.add(name);
      this.#tell();
    }
  }

  #crash(name: string): void {
    const node = this.#nodes.get(name);
    const [task] = node?.factory.running.values() ?? [];
    if (task !== undefined) node?.crash(task.component, task.index);
  }

  /** The leader before goes on: it has not noticed. */
  async #succeed(): Promise<void> {
    term += 1;
    this.#leaders.push(await lead(this.#nodes.get('n1')!, term, this.#members));
  }

  #tell(): void {
    this.#members.set(
      [...this.#alive].map((name): LiveNode => ({
        name,
        threads: 2,
        holdsStore: name === 'n1',
        takes: 'all',
      })),
    );
  }
}

/** An operator's act may come at a wrong time; then it says so. */
async function allowed(act: Promise<unknown>): Promise<void> {
  await act.catch((thrown: unknown) => {
    const { code } = Fault.from(thrown);
    expect(['NOT_FOUND', 'TOPOLOGY_ENDING']).toContain(code);
  });
}

test('whatever operators, nodes and leaders do, in the end exactly what is wanted runs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
      const cluster = await Cluster.start();
      try {
        for (const one of steps) await cluster.do(one);
        await until(() => cluster.settled(), 20_000);
      } finally {
        await cluster.stop();
        for (const { name } of specs) {
          await allowed(cluster.records.kill(name));
          const left = await cluster.records.get(name);
          if (left !== undefined) await cluster.records.end(left, Number.MAX_SAFE_INTEGER);
        }
      }
    }),
    { numRuns: 12 },
  );
}, 120_000);

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { all, program, shuffle, topology } from '../../../src/cluster/topology/builder.ts';
import type { Goal } from '../../../src/cluster/topology/goal.ts';
import { LocalTopology } from '../../../src/cluster/topology/local-topology.ts';
import { ActorSystem, rootName } from '../../../src/runtime/index.ts';
import { revisionOf, type TopologySpec } from '../../../src/transport/topology-spec.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { StubFactory, nameOf } from '../../support/topology-cluster.ts';

const spec = topology('sums')
  .spout('numbers', { parallelism: 3 })
  .bolt('sum', { parallelism: 3, grouping: shuffle('numbers') })
  .bolt('log', { parallelism: 2, grouping: [shuffle('sum'), all('numbers')] })
  .bolt('mood', { parallelism: 3, grouping: shuffle('sum'), program: program('mood.ts') })
  .build();
const components = ['numbers', 'sum', 'log', 'mood'];
/** The same with the bolt of a user in several revisions. */
const specs = ['a', 'b', 'c'].map((digit) => ({ ...spec, bundle: { id: digit.repeat(64), bytes: 1 } }));

const goal = fc.record<Omit<Goal, 'version'>>({
  spec: fc.constantFrom(...specs),
  tasks: fc.uniqueArray(
    fc.record({ component: fc.constantFrom(...components), index: fc.nat(2), node: fc.constant('n1') }),
    { selector: ({ component, index }) => `${component}:${String(index)}` },
  ),
  spouts: fc.boolean(),
  starts: fc.boolean(),
  drainMs: fc.constantFrom(0, 1_000, 60_000),
});

type Step =
  | { readonly aim: Omit<Goal, 'version'> }
  | { readonly passMs: number }
  | { readonly crash: number }
  | { readonly slowMs: number }
  | { readonly breaks: string }
  | { readonly act: 'hold' | 'finish' | 'mend' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ aim: goal }),
  fc.record({ passMs: fc.constantFrom(0, 10, 500, 2_000, 70_000) }),
  fc.record({ crash: fc.nat(20) }),
  fc.record({ slowMs: fc.constantFrom(0, 500, 5_000, 90_000) }),
  fc.record({ breaks: fc.constantFrom(...components) }),
  fc.record({ act: fc.constantFrom('hold', 'finish', 'mend') }),
);

/** What tells the revisions of a user's bolt apart. */
function revision(name: string, { components: all, bundle }: TopologySpec): string {
  const component = all.find((one) => one.name === name)!;
  return component.program === undefined ? '' : `@${revisionOf(component, bundle)}`;
}

/** The tasks of one topology on one node, driven by hand. */
class Bench {
  readonly clock = new SimulatedClock();
  readonly factory = new StubFactory();
  readonly system = new ActorSystem({ clock: this.clock });
  readonly #ending = new AbortController();
  #version = 1;
  #finish: () => void = () => undefined;
  #topology: LocalTopology | undefined;

  get topology(): LocalTopology {
    if (this.#topology === undefined) throw new Error('it has not begun');
    return this.#topology;
  }

  async begin(): Promise<void> {
    await this.system.start({ children: [] });
    const first = { version: 1, spec, tasks: [], spouts: true, starts: true, drainMs: 0 };
    this.#topology = new LocalTopology(first, {
      id: 'x',
      parent: this.system.ref(rootName),
      ending: this.#ending.signal,
      factory: this.factory,
      clock: this.clock,
      log: silentLog,
      onChange: () => undefined,
      monitor: (ref, onDown) => void this.system.whenDown(ref).then(onDown),
    });
  }

  /** Whoever has it ends. */
  end(): void {
    this.#ending.abort();
  }

  async do(what: Step): Promise<void> {
    if ('aim' in what) this.topology.aim({ ...what.aim, version: ++this.#version });
    else if ('passMs' in what) await this.clock.advance(what.passMs);
    else if ('crash' in what) this.#crash(what.crash);
    else if ('slowMs' in what) this.factory.slowMs = what.slowMs;
    else if ('breaks' in what) this.factory.broken.add(what.breaks);
    else if (what.act === 'hold') this.#finish = this.factory.holdInFlight();
    else if (what.act === 'mend') this.factory.broken.clear();
    else this.#finish();
    await this.clock.settle();
  }

  #crash(pick: number): void {
    const tasks = [...this.factory.running.values()];
    const task = tasks[pick % Math.max(tasks.length, 1)];
    if (task !== undefined) this.system.ref(nameOf(task)).cast('crash');
  }
}

test('whatever has happened, in the end exactly what is wanted runs, each task once and in a place of its own', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), goal, async (steps, last) => {
      const bench = new Bench();
      await bench.begin();
      for (const one of steps) {
        await bench.do(one);
        const places = Array.from(
          bench.factory.running.values(),
          ({ component, place }) => `${component} ${String(place)}`,
        );
        expect(new Set(places).size).toBe(places.length);
      }
      for (const one of [
        { slowMs: 0 },
        { act: 'mend' },
        { act: 'finish' },
        { aim: { ...last, starts: true } },
      ] as const)
        await bench.do(one);
      await bench.do({ passMs: 200_000 });
      const wanted = last.tasks
        .filter(({ component }) => last.spouts || component !== 'numbers')
        .map(({ component, index }) => `${component}:${String(index)}${revision(component, last.spec)}`);
      expect([...bench.factory.running.keys()].sort()).toEqual(wanted.sort());
      const reported = bench.topology
        .report()
        .tasks.map(
          ({ component, index, revision, state }) =>
            `${component}:${String(index)}${revision === undefined ? '' : `@${revision}`} ${state}`,
        );
      expect(reported.sort()).toEqual(wanted.map((key) => `${key} running`).sort());
      // A supervisor is there only for tasks.
      const groups = new Set(wanted.map((key) => key.includes('@')));
      expect(bench.system.inspector.list()).toHaveLength(1 + wanted.length + groups.size);
      expect(bench.topology.isOver).toBe(last.tasks.length === 0);
      await bench.system.stop(1_000);
    }),
    { numRuns: 300 },
  );
}, 120_000);

/** A goal of these tasks, `mood 0`, of the first revision unless another is given. */
function aimAt(keys: readonly string[], at: TopologySpec = spec): Step {
  const tasks = keys.map((key) => {
    const [component = '', index] = key.split(' ');
    return { component, index: Number(index), node: 'n1' };
  });
  return { aim: { spec: at, tasks, spouts: true, starts: true, drainMs: 60_000 } };
}

test('a revision that is not wanted any more when it has started gives the name back', async () => {
  const [first, second] = specs;
  const bench = new Bench();
  await bench.begin();
  await bench.do(aimAt(['mood 0'], first));
  const finish = bench.factory.holdStarts();
  await bench.do(aimAt(['mood 0'], second));
  await bench.do(aimAt(['mood 0'], first));
  finish();
  await bench.do({ passMs: 0 });
  expect(bench.factory.journal.map((entry) => entry[0])).toEqual(['+', '+', '-']);
  const [task] = bench.factory.running.values();
  expect(bench.system.inspector.status(nameOf(task!).name).phase).toBe('running');
  await bench.system.stop(1_000);
});

test('tasks that crash too often are told of with the reason, each time once', async () => {
  const bench = new Bench();
  await bench.begin();
  await bench.do(aimAt(['sum 0', 'sum 1', 'sum 2']));
  const faults = () => bench.topology.report().tasks.map(({ fault }) => fault?.message ?? '');
  let groups = 0;
  for (let round = 0; round < 200 && groups < 3; round += 1) {
    // The first one never does, and has the fault of its group alone.
    for (const key of ['sum:1', 'sum:2']) {
      const crash = [...bench.factory.running.keys()].indexOf(key);
      if (crash !== -1) await bench.do({ crash });
    }
    if (faults().every((message) => message.startsWith('Tasks of'))) groups += 1;
    await bench.do({ passMs: 1_000 });
  }
  expect(groups).toBe(3);
  for (const message of faults()) expect(message.split('Tasks of').length).toBeLessThan(3);
  expect(faults().join()).toContain('the last reason was: ');
  await bench.system.stop(1_000);
});

test('a task that found no place is started in the one that has become free', async () => {
  const bench = new Bench();
  await bench.begin();
  bench.factory.places = 1;
  // What the spout has keeps the bolt there.
  const steps = [aimAt(['numbers 0', 'sum 0']), { act: 'hold' }, aimAt(['sum 1']), { passMs: 500 }] as const;
  for (const one of steps) await bench.do(one);
  expect([...bench.factory.running.keys()].sort()).toEqual(['numbers:0', 'sum:0']);
  for (const one of [{ act: 'finish' }, { passMs: 2_000 }] as const) await bench.do(one);
  expect([...bench.factory.running.values()]).toMatchObject([{ component: 'sum', index: 1, place: 0 }]);
  await bench.system.stop(1_000);
});

test('a task that has failed is not started again once whoever saw to it has ended', async () => {
  const bench = new Bench();
  await bench.begin();
  const tasks = [{ component: 'mood', index: 0, node: 'n1' }];
  for (const one of [
    { breaks: 'mood' },
    { aim: { spec, tasks, spouts: true, starts: true, drainMs: 0 } },
  ] as const)
    await bench.do(one);
  expect(bench.topology.report().tasks).toMatchObject([{ component: 'mood', state: 'failed' }]);
  bench.end();
  for (const one of [{ act: 'mend' }, { passMs: 200_000 }] as const) await bench.do(one);
  expect(bench.factory.running.size).toBe(0);
  await bench.system.stop(1_000);
});

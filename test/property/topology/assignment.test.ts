import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assign, type Assignment, type DesiredTopology } from '../../../src/cluster/topology/assignment.ts';
import type { LiveNode } from '../../../src/cluster/topology/live-node.ts';
import type { AssignedTask } from '../../../src/transport/topology-record.ts';
import type { Component } from '../../../src/transport/topology-spec.ts';

const nodes = fc.uniqueArray(
  fc.record<LiveNode>({
    name: fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5', 'n6'),
    threads: fc.integer({ min: 1, max: 5 }),
    holdsStore: fc.boolean(),
    takes: fc.constantFrom('all', 'photos', 'tasks'),
  }),
  { selector: ({ name }) => name },
);

const components = fc.uniqueArray(
  fc.record<Component>({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    kind: fc.constantFrom('spout', 'bolt'),
    parallelism: fc.oneof(
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom('threads' as const, 'nodes' as const),
    ),
    placement: fc.constantFrom('anywhere', 'store'),
    inputs: fc.constant([]),
  }),
  { selector: ({ name }) => name, minLength: 1 },
);

const topologies = fc.uniqueArray(
  fc.record<DesiredTopology>({
    name: fc.constantFrom('x', 'y', 'z'),
    spec: components.map((list) => ({ name: 'x', components: list })),
    nodes: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    parallelism: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 20 })),
  }),
  { selector: ({ name }) => name },
);

const nobody: Assignment = new Map();

/** The tasks of a component. */
function tasksOf(assignment: Assignment, topology: string, component: string): readonly AssignedTask[] {
  return (assignment.get(topology) ?? []).filter((task) => task.component === component);
}

/** What a component may have on a node. */
function limitOf({ parallelism, placement }: Component, { threads, holdsStore, takes }: LiveNode): number {
  if (takes === 'tasks' || (placement === 'store' && !holdsStore)) return 0;
  if (parallelism === 'threads') return threads;
  return parallelism === 'nodes' ? 1 : Infinity;
}

/** Nodes that a topology has tasks on, by name. */
function used(assignment: Assignment, topology: string): ReadonlySet<string | null> {
  const found = new Set((assignment.get(topology) ?? []).map(({ node }) => node));
  found.delete(null);
  return found;
}

/** Tasks of a component by node, those without tasks included. */
function countsOf(tasks: readonly AssignedTask[], live: readonly LiveNode[]): Map<string, number> {
  return new Map(live.map(({ name }) => [name, tasks.filter(({ node }) => node === name).length]));
}

test('every task is there once, on a node that is alive and may have it, and as many as wanted', () => {
  fc.assert(
    fc.property(topologies, nodes, nodes, (wanted, first, second) => {
      const assignment = assign(wanted, second, assign(wanted, first, nobody));
      expect([...assignment.keys()].sort()).toEqual(wanted.map(({ name }) => name).sort());
      for (const { name, spec, nodes: limit, parallelism } of wanted) {
        if (limit !== undefined) expect(used(assignment, name).size).toBeLessThanOrEqual(limit);
        for (const component of spec.components) {
          const tasks = tasksOf(assignment, name, component.name);
          expect(new Set(tasks.map(({ index }) => index)).size).toBe(tasks.length);
          const counts = countsOf(tasks, second);
          for (const node of second)
            expect(counts.get(node.name)).toBeLessThanOrEqual(limitOf(component, node));
          expect(tasks.filter(({ node }) => node !== null && !counts.has(node))).toEqual([]);
          const count = parallelism[component.name] ?? component.parallelism;
          if (typeof count === 'number') expect(tasks).toHaveLength(count);
          else expect(tasks.filter(({ node }) => node === null)).toEqual([]);
        }
      }
    }),
  );
});

test('tasks are as even as limits allow, and none is without a node while one may have it', () => {
  fc.assert(
    fc.property(topologies, nodes, nodes, (wanted, first, second) => {
      const assignment = assign(wanted, second, assign(wanted, first, nobody));
      for (const { name, spec, nodes: limit } of wanted) {
        if (limit !== undefined) continue;
        for (const component of spec.components) {
          const tasks = tasksOf(assignment, name, component.name);
          const counts = countsOf(tasks, second);
          const open = second.filter((node) => counts.get(node.name)! < limitOf(component, node));
          const least = Math.min(...open.map((node) => counts.get(node.name)!));
          expect(Math.max(0, ...counts.values()) - least).toBeLessThanOrEqual(1);
          if (open.length > 0) expect(tasks.filter(({ node }) => node === null)).toEqual([]);
        }
      }
    }),
  );
});

test('all tasks together are even as well, where nothing limits them', () => {
  const plain = topologies.map((list) =>
    list.map(({ name, spec }): DesiredTopology => ({
      name,
      nodes: undefined,
      parallelism: {},
      spec: {
        name,
        components: spec.components.map((one, place) => ({
          ...one,
          parallelism: typeof one.parallelism === 'number' ? one.parallelism : place + 1,
          placement: 'anywhere',
        })),
      },
    })),
  );
  fc.assert(
    fc.property(plain, nodes, (wanted, live) => {
      const takers = live.filter(({ takes }) => takes !== 'tasks');
      const counts = countsOf([...assign(wanted, takers, nobody).values()].flat(), takers);
      expect(Math.max(0, ...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
    }),
  );
});

test('no more tasks move than evenness demands', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
      (tasks, now) => {
        const live = now.map((_, place): LiveNode => ({
          name: `n${String(place)}`,
          threads: 1,
          holdsStore: false,
          takes: 'all',
        }));
        let index = 0;
        const before = now.flatMap((count, place) =>
          Array.from({ length: count }, () => ({
            component: 'a',
            index: index++,
            node: `n${String(place)}`,
          })),
        );
        const after = assign([onlyOf(tasks)], live, new Map([['x', before]])).get('x')!;
        const kept = after.filter((task) =>
          before.some((old) => old.index === task.index && old.node === task.node),
        );
        // Of all even ways to place them, the one that leaves the most where they are.
        const [base, extras] = [Math.floor(tasks / live.length), tasks % live.length];
        const best = ways(live.length, extras).map((extra) =>
          now.reduce((sum, count, place) => sum + Math.min(count, base + extra[place]!), 0),
        );
        expect(kept).toHaveLength(Math.max(...best));
      },
    ),
  );
});

test('nothing moves when nothing has changed, and the order of what is given means nothing', () => {
  fc.assert(
    fc.property(topologies, nodes, nodes, (wanted, first, second) => {
      const once = assign(wanted, second, assign(wanted, first, nobody));
      expect(assign(wanted, second, once)).toEqual(once);
      const shuffled = new Map([...once].reverse().map(([name, tasks]) => [name, [...tasks].reverse()]));
      expect(assign([...wanted].reverse(), [...second].reverse(), shuffled)).toEqual(once);
    }),
  );
});

test('a node that leaves takes only its own tasks away, and gets them back', () => {
  const live = ['n1', 'n2', 'n3'].map((name): LiveNode => ({
    name,
    threads: 2,
    holdsStore: false,
    takes: 'all',
  }));
  const three = assign([onlyOf(9)], live, nobody);
  const two = assign([onlyOf(9)], live.slice(0, 2), three);
  const stays = three.get('x')!.filter(({ node }) => node !== 'n3');
  expect(two.get('x')).toEqual(expect.arrayContaining([...stays]));
  expect(countsOf(two.get('x')!, live)).toEqual(
    new Map([
      ['n1', 5],
      ['n2', 4],
      ['n3', 0],
    ]),
  );
  const again = assign([onlyOf(9)], live, two);
  expect(countsOf(again.get('x')!, live)).toEqual(
    new Map([
      ['n1', 3],
      ['n2', 3],
      ['n3', 3],
    ]),
  );
  expect(again.get('x')!.filter(({ index, node }) => two.get('x')![index]?.node === node)).toHaveLength(6);
});

test('without nodes all tasks are without one; a limit of nodes keeps the one with the store', () => {
  expect(assign([onlyOf(2)], [], nobody).get('x')).toEqual([
    { component: 'a', index: 0, node: null },
    { component: 'a', index: 1, node: null },
  ]);
  const live = ['n1', 'n2'].map((name): LiveNode => ({
    name,
    threads: 3,
    holdsStore: name === 'n2',
    takes: 'all',
  }));
  const { spec } = onlyOf(2);
  const writer: Component = { ...spec.components[0]!, name: 'writer', parallelism: 1, placement: 'store' };
  const wanted = { ...onlyOf(2), nodes: 1, spec: { ...spec, components: [...spec.components, writer] } };
  const before = assign([{ ...wanted, nodes: undefined }], live.slice(0, 1), nobody);
  expect(used(assign([wanted], live, before), 'x')).toEqual(new Set(['n2']));
});

test('a limit of nodes keeps those that have most of its tasks', () => {
  const live = ['n1', 'n2', 'n3'].map((name): LiveNode => ({
    name,
    threads: 1,
    holdsStore: false,
    takes: 'all',
  }));
  const before = [0, 1, 2].map((index) => ({ component: 'a', index, node: index === 0 ? 'n2' : 'n3' }));
  const one = assign([{ ...onlyOf(3), nodes: 1 }], live, new Map([['x', before]]));
  expect(used(one, 'x')).toEqual(new Set(['n3']));
  const two = assign([{ ...onlyOf(3), nodes: 2 }], live, new Map([['x', before]]));
  expect(two.get('x')).toEqual(before);
});

/** A topology of one component. */
function onlyOf(tasks: number): DesiredTopology {
  const component: Component = {
    name: 'a',
    kind: 'bolt',
    parallelism: tasks,
    placement: 'anywhere',
    inputs: [],
  };
  return { name: 'x', nodes: undefined, parallelism: {}, spec: { name: 'x', components: [component] } };
}

/** All ways to give `extras` places one more. */
function ways(places: number, extras: number): number[][] {
  if (places === 0) return extras === 0 ? [[]] : [];
  return [0, 1].flatMap((first) =>
    first > extras ? [] : ways(places - 1, extras - first).map((rest) => [first, ...rest]),
  );
}

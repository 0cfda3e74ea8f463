import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merged, throughBolts } from '../../../src/cluster/bolt/bolt-outputs.ts';
import { planOf, type BoltPlan } from '../../../src/cluster/bolt/bolt-plan.ts';
import { checkTopology } from '../../../src/cluster/topology/topology-check.ts';
import type { BoltTuple } from '../../../src/transport/bolt-tuple.ts';
import type { Component, TopologySpec } from '../../../src/transport/topology-spec.ts';

const program = {
  command: ['node', 'bolt.js'],
  reads: 'tuple' as const,
  deadlineMs: 1_000,
  memoryBytes: 2 ** 28,
};
const first: BoltTuple = { id: 'p', model: 'm', tags: [{ tag: 'cat', score: 0.5 }], attributes: {} };

/** Topologies of up to eight users' bolts, each fed by any components before it, written down in any order. */
const topologies: fc.Arbitrary<TopologySpec> = fc
  .array(fc.infiniteStream(fc.nat(9)), { maxLength: 8 })
  .chain((feeds) => {
    const names = ['photos', 'autotag', ...feeds.map((_, place) => `b${String(place)}`)];
    const bolts = feeds.map((stream, place): Component => {
      const sources = new Set(Array.from({ length: 3 }, () => Number(stream.next().value) % (place + 2)));
      return component(
        `b${String(place)}`,
        [...sources].map((source) => names[source] ?? ''),
        true,
      );
    });
    return fc
      .nat(names.length - 2)
      .chain((fed) =>
        fc
          .shuffledSubarray(
            [
              component('photos', []),
              component('autotag', ['photos']),
              ...bolts,
              component('dbwriter', [names[fed + 1] ?? 'autotag']),
            ],
            { minLength: bolts.length + 3 },
          )
          .map((components) => ({ name: 'photos', components })),
      );
  })
  .map((spec) => checkTopology(spec));

function component(name: string, from: readonly string[], isUsers = false): Component {
  return {
    name,
    kind: name === 'photos' ? 'spout' : 'bolt',
    parallelism: 1,
    placement: 'anywhere',
    inputs: from.map((source) => ({ from: source, grouping: { type: 'shuffle' } })),
    ...(isUsers ? { program } : {}),
  };
}

/** What comes before a component, found by walking back. */
function metBefore({ components }: TopologySpec, name: string): Set<string> {
  const inputs = components.find((one) => one.name === name)?.inputs ?? [];
  return new Set(inputs.flatMap(({ from }) => [from, ...metBefore({ name: '', components }, from)]));
}

const plan = (spec: TopologySpec): BoltPlan => planOf(spec, [], 'dbwriter');

test('a plan has every bolt of users once, after all that feed it', () => {
  fc.assert(
    fc.property(topologies, (spec) => {
      const { bolts, kept } = plan(spec);
      const names = bolts.map((bolt) => bolt.component);
      expect(names.toSorted()).toEqual(
        spec.components.flatMap((one) => (one.program === undefined ? [] : [one.name])).toSorted(),
      );
      for (const [place, { component: name, after }] of bolts.entries()) {
        expect(new Set(after)).toEqual(new Set(names.filter((other) => metBefore(spec, name).has(other))));
        for (const other of after) expect(names.indexOf(other)).toBeLessThan(place);
      }
      expect(kept).toEqual(names.filter((name) => metBefore(spec, 'dbwriter').has(name)));
    }),
  );
});

test('whatever takes how long, each bolt is given what came before it, and the same is kept', async () => {
  await fc.assert(
    fc.asyncProperty(topologies, fc.scheduler(), async (spec, scheduler) => {
      const given = new Map<string, readonly string[]>();
      const way = throughBolts(plan(spec), first, ({ component: name }, tuple) => {
        expect(given.has(name)).toBe(false);
        given.set(
          name,
          Object.keys(tuple.attributes).filter((key) => key !== 'last'),
        );
        const tags = [{ tag: name, score: 0.1 }];
        return scheduler.schedule(Promise.resolve([{ attributes: { [name]: true, last: name }, tags }]));
      });
      await scheduler.waitFor(way);
      const { bolts, kept } = plan(spec);
      for (const { component: name, after } of bolts) expect(given.get(name)).toEqual(after);
      const last = kept.at(-1);
      const attributes = Object.fromEntries(kept.map((name) => [name, true]));
      expect(await way).toEqual(
        last === undefined
          ? { attributes: {} }
          : { attributes: { ...attributes, last }, tags: [{ tag: last, score: 0.1 }] },
      );
    }),
  );
});

test('a bolt that fails fails the tuple, and nobody is left waiting', async () => {
  await fc.assert(
    fc.asyncProperty(topologies, fc.nat(), async (spec, number) => {
      const { bolts } = plan(spec);
      fc.pre(bolts.length > 0);
      const failing = bolts[number % bolts.length]?.component;
      const asked: string[] = [];
      const way = throughBolts(plan(spec), first, ({ component: name }) => {
        asked.push(name);
        return name === failing ? Promise.reject(new Error(name)) : Promise.resolve([{}]);
      });
      await expect(way).rejects.toThrow(failing);
      for (const { component: name, after } of bolts)
        if (failing !== undefined && after.includes(failing)) expect(asked).not.toContain(name);
    }),
  );
});

test('tags are kept by falling score, and an attribute is the last one of its name', () => {
  const tags = [
    { tag: 'a', score: 0.1 },
    { tag: 'b', score: 0.9 },
  ];
  expect(merged([{ attributes: { x: 1, y: 1 } }, { attributes: { x: 2 }, tags }, {}])).toEqual({
    attributes: { x: 2, y: 1 },
    tags: tags.toReversed(),
  });
});

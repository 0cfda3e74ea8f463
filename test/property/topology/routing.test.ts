import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { route, type Target } from '../../../src/cluster/topology/routing.ts';

const targets = fc.uniqueArray(fc.record<Target>({ index: fc.nat(63), outstanding: fc.nat(3) }), {
  selector: ({ index }) => index,
});
const values = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(fc.string(), fc.integer()));

/** A tuple with these fields. */
function tuple(fields: Readonly<Record<string, string | number>>, turn = 0) {
  return { turn, field: (name: string) => fields[name] };
}

/** `count` idle tasks. */
function idle(count: number): Target[] {
  return Array.from({ length: count }, (_, index) => ({ index, outstanding: 0 }));
}

describe('shuffle', () => {
  test('gives each tuple to one of the least loaded', () => {
    fc.assert(
      fc.property(targets, fc.nat(), (given, turn) => {
        const chosen = route({ type: 'shuffle' }, given, tuple({}, turn));
        expect(chosen).toHaveLength(Math.min(given.length, 1));
        const least = Math.min(...given.map(({ outstanding }) => outstanding));
        for (const { outstanding } of chosen) expect(outstanding).toBe(least);
      }),
    );
  });

  test('takes turns among those that are loaded alike', () => {
    const turns = [0, 1, 2, 3, 4, 5].map(
      (turn) => route({ type: 'shuffle' }, idle(3), tuple({}, turn))[0]!.index,
    );
    expect(turns).toEqual([0, 1, 2, 0, 1, 2]);
  });
});

describe('fields', () => {
  const grouping = { type: 'fields' as const, fields: ['a', 'b'] };

  test('give the same values to the same task, whatever its load and the order of the tasks', () => {
    fc.assert(
      fc.property(targets, values, fc.nat(), (given, fields, turn) => {
        const chosen = route(grouping, given, tuple(fields));
        const others = [...given].reverse().map(({ index }) => ({ index, outstanding: turn % 7 }));
        const again = route(grouping, others, tuple({ ...fields, c: turn }, turn));
        expect(chosen).toHaveLength(Math.min(given.length, 1));
        expect(again.map(({ index }) => index)).toEqual(chosen.map(({ index }) => index));
      }),
    );
  });

  test('move only what was the task’s that goes', () => {
    fc.assert(
      fc.property(targets, values, fc.nat(), (given, fields, pick) => {
        fc.pre(given.length > 1);
        const gone = given[pick % given.length]!;
        const [before] = route(grouping, given, tuple(fields));
        const [after] = route(
          grouping,
          given.filter((target) => target !== gone),
          tuple(fields),
        );
        if (before !== gone) expect(after).toBe(before);
      }),
    );
  });

  test('spread different values', () => {
    const counts = new Map<number, number>();
    for (let id = 0; id < 8_000; id++) {
      const [target] = route(grouping, idle(8), tuple({ a: `photo-${String(id)}` }));
      counts.set(target!.index, (counts.get(target!.index) ?? 0) + 1);
    }
    expect([...counts.values()].every((count) => count > 850 && count < 1_150)).toBe(true);
  });

  test('are told apart where their texts run together', () => {
    const chosen = (a: string, b: string) => route(grouping, idle(64), tuple({ a, b }))[0]!.index;
    const pairs = Array.from({ length: 40 }, (_, place) => 'x'.repeat(40).slice(0, place));
    const spread = new Set(pairs.map((head) => chosen(head, 'x'.repeat(39 - head.length))));
    expect(spread.size).toBeGreaterThan(20);
  });
});

test('all get it, and nobody does where there is nobody', () => {
  expect(route({ type: 'all' }, idle(3), tuple({}))).toEqual(idle(3));
  for (const type of ['shuffle', 'all'] as const) expect(route({ type }, [], tuple({}))).toEqual([]);
});

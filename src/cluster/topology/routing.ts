import type { Grouping } from '../../transport/topology-spec.ts';

/** A task of the bolt that a tuple goes to. */
export interface Target {
  /** Its index among the tasks of the bolt. */
  readonly index: number;
  /** Tuples that it has and has not finished. */
  readonly outstanding: number;
}

/** What a grouping needs to know of a tuple. */
export interface Routed {
  /** Tuples that the sender has sent to this bolt before. */
  readonly turn: number;
  /** The value of a field; `undefined` if the tuple has none. */
  readonly field: (name: string) => string | number | undefined;
}

/** The tasks that get a tuple: none only if there are none. */
export function route<T extends Target>(
  grouping: Grouping,
  targets: readonly T[],
  tuple: Routed,
): readonly T[] {
  switch (grouping.type) {
    case 'shuffle':
      return present(leastLoaded(targets, tuple.turn));
    case 'fields':
      return present(
        byKey(
          targets,
          grouping.fields.map((name) => tuple.field(name) ?? null),
        ),
      );
    case 'all':
      return targets;
  }
}

/** The least loaded; in turn among those that are equally so. */
function leastLoaded<T extends Target>(targets: readonly T[], turn: number): T | undefined {
  const least = Math.min(...targets.map(({ outstanding }) => outstanding));
  const first = turn % targets.length;
  const inTurn = [...targets.slice(first), ...targets.slice(0, first)];
  return inTurn.find(({ outstanding }) => outstanding === least);
}

/** The same task for the same values, on every node; a task that comes or goes moves only the values that are its own. */
function byKey<T extends Target>(
  targets: readonly T[],
  values: readonly (string | number | null)[],
): T | undefined {
  const key = JSON.stringify(values);
  const weighed = targets.map((target) => ({ target, weight: hash(`${String(target.index)} ${key}`) }));
  const [best] = weighed.sort((a, b) => b.weight - a.weight || a.target.index - b.target.index);
  return best?.target;
}

/** FNV-1a over UTF-16 units, then MurmurHash3's last mix, so that keys that differ little do not hash alike. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let place = 0; place < text.length; place++)
    value = Math.imul(value ^ text.charCodeAt(place), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function present<T>(found: T | undefined): readonly T[] {
  return found === undefined ? [] : [found];
}

import { entriesOf, type Group, type Search } from '../search.ts';

/**
 * How the hits of a search are listed; all of them list the same hits in the same order: by falling score, then falling
 * photo. A hit's score is the smallest of its groups'.
 *
 * - `merge` walks the lists of all terms side by side, by falling score. A photo is a hit where it is met for the last
 *   time, at its smallest score, so hits come out in order and the walk ends with the page; a page further on begins where
 *   the last one ended. This is the threshold algorithm (Fagin, Lotem, Naor 2003) for the minimum.
 * - `probe` asks for every photo of the rarest group, or for those that score enough to be on the first page, whether it
 *   has the others, and sorts.
 * - `rows` does so for every photo whose row satisfies the conditions, where these are few.
 */
export type PlanKind = 'merge' | 'probe' | 'rows';

/** Groups, the rarest first: what fails, fails early. */
export function rarestFirst(wanted: readonly Group[]): Group[] {
  return wanted.toSorted((a, b) => entriesOf(a) - entriesOf(b));
}

/** What lists the hits that beginnings do not: further pages by whatever is expected to look at fewer entries. */
export function cheaperPlan(search: Search): 'merge' | 'probe' {
  if (search.wanted.length === 1) return 'merge';
  if (search.after === undefined) return 'probe';
  const counts = search.wanted.map(entriesOf);
  const visited = mergeDepth(search) * counts.reduce((sum, count) => sum + count, 0);
  return visited < Math.min(...counts) ? 'merge' : 'probe';
}

/** The share of each list that `merge` visits until the page is full, if terms were independent and their scores alike. */
function mergeDepth({ wanted, photos, limit }: Search): number {
  return Math.min(1, (limit / expectedHits(wanted, photos)) ** (1 / wanted.length));
}

/** Beginnings are read so much further than expected to be enough: hits rise with its power. How many photos conditions on rows leave, nobody knows. */
const margin = { tags: 1.5, rows: 3 };
const growth = 2;
const largestShare = 0.5;

/**
 * Shares of the lists among whose beginnings the first page is looked for, one after the other until it is full; none where
 * reading them is no gain. After the last one, the lists are read to their ends.
 */
export function* beginnings(search: Search): Generator<number> {
  if (search.wanted.length < 2 || search.after !== undefined) return;
  const first = mergeDepth(search) * margin[search.rows === undefined ? 'tags' : 'rows'];
  for (let share = first; share <= largestShare; share *= growth) yield share;
}

/**
 * With how many rows `rows` costs as much as the other plans are expected to: these look at
 * entries⋅(limit / (hits⋅n / photos))^(1/groups), where n rows satisfy the conditions, and `rows` looks at all n.
 */
export function rowsWorthProbing({ wanted, photos, limit }: Search): number {
  if (wanted.length === 0) return Math.sqrt(limit * photos);
  const entries = Math.min(...wanted.map(entriesOf));
  const depth = ((limit * photos) / expectedHits(wanted, photos)) ** (1 / wanted.length);
  return Math.min(entries, (entries * depth) ** (wanted.length / (wanted.length + 1)));
}

function expectedHits(wanted: readonly Group[], photos: number): number {
  return wanted.reduce((all, group) => all * Math.min(1, entriesOf(group) / photos), photos);
}

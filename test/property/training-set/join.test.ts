import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameProblem } from '../../../src/base/ids.ts';
import { FeatureBlockReader } from '../../../src/model/training-set/feature-block.ts';
import type { JoinedTrainingSet } from '../../../src/model/training-set/join-training-set.ts';
import type { Shard } from '../../../src/model/training-set/training-set.ts';
import { type LabelMap, withWorkplace, type Workplace } from '../../support/training-set.ts';

/** What is known of photos: +1, −1, or 0 for what contradicted itself; and whether that is all. */
type Knowledge = Map<string, { readonly labels: Map<string, number>; isComplete: boolean }>;

interface Step {
  readonly content: string;
  readonly ids: readonly string[];
  readonly assumeNegative: boolean;
}

const photoIds = Array.from({ length: 40 }, (_, index) => `p${String(index)}`);
const className = fc.constantFrom('a', 'b', '"c"', "d'", 'é', 'f g');
const line = fc
  .tuple(className, fc.constantFrom(...photoIds, 'unknown'), fc.constantFrom('TRUE', 'FALSE'))
  .map((fields) => fields.join('\t'));
const oddLine = fc.oneof(
  fc.constantFrom(
    '',
    'a\tp1',
    'a\tp1\tTRUE\tx',
    'a\tp1\ttrue',
    '\tp1\tTRUE',
    'a\t\tTRUE',
    'a\tp1\t',
    '\u0001\tp1\tTRUE',
  ),
  fc
    .array(fc.constantFrom('a', 'p1', '\t', 'TRUE', '"', "'", '\\', '\u0000', ',', '\u2028', '#'), {
      maxLength: 6,
    })
    .map((parts) => parts.join('')),
);
const content = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 12, arbitrary: line }, { weight: 1, arbitrary: oddLine }),
      fc.constantFrom('\n', '\n', '\r\n'),
    ),
    { minLength: 50, maxLength: 200 },
  )
  .map((lines) => lines.flat().join(''));
const step: fc.Arbitrary<Step> = fc.record({
  content,
  ids: fc.subarray(photoIds, { minLength: 25 }),
  assumeNegative: fc.boolean(),
});

/** The label of a line, by the words of its definition. */
function parse(text: string): [name: string, photo: string, sign: number] | undefined {
  const [name = '', photo = '', truth = '', ...more] = text.split('\t');
  const isGood = [name, photo].every((each) => nameProblem(each) === undefined) && more.length === 0;
  return isGood && /^(?:TRUE|FALSE)$/.test(truth) ? [name, photo, truth === 'TRUE' ? 1 : -1] : undefined;
}

/** The join, as simple as it can be. */
function learnFrom(before: Knowledge, { content, ids, assumeNegative }: Step): Knowledge {
  const said = new Map<string, Map<string, Set<number>>>();
  for (const text of content.split(/\r\n|\r|\n/)) {
    const label = parse(text);
    if (label === undefined) continue;
    const [name, photo, sign] = label;
    if (!said.has(photo)) said.set(photo, new Map());
    if (!said.get(photo)!.has(name)) said.get(photo)!.set(name, new Set());
    said.get(photo)!.get(name)!.add(sign);
  }
  const after: Knowledge = new Map();
  for (const id of ids) {
    const { labels, isComplete } = before.get(id) ?? { labels: new Map<string, number>(), isComplete: false };
    const merged = new Map(labels);
    for (const [name, signs] of said.get(id) ?? [])
      merged.set(name, signs.size === 1 ? [...signs][0]! : (labels.get(name) ?? 0));
    if (said.has(id) || before.has(id))
      after.set(id, { labels: merged, isComplete: isComplete || (assumeNegative && said.has(id)) });
  }
  return after;
}

/** The photos and labels that are left when classes with too few examples are. */
function expectedPhotos(known: Knowledge): Record<string, LabelMap> {
  const names = [...new Set([...known.values()].flatMap(({ labels }) => [...labels.keys()]))];
  const signOf = (id: string, name: string) =>
    known.get(id)!.labels.get(name) ?? (known.get(id)!.isComplete ? -1 : 0);
  const count = (name: string, sign: number) =>
    [...known.keys()].filter((id) => signOf(id, name) === sign).length;
  const kept = names.filter((name) => count(name, 1) >= 2 && count(name, -1) >= 1);
  const photos: Record<string, LabelMap> = {};
  for (const [id, { isComplete, labels }] of known) {
    const signs = kept.map((name) => [name, signOf(id, name)] as const).filter(([, sign]) => sign !== 0);
    if (isComplete || kept.some((name) => (labels.get(name) ?? 0) !== 0))
      photos[id] = Object.fromEntries(signs);
  }
  return kept.length === 0 ? {} : photos;
}

async function idsOf(place: Workplace, { features }: Shard): Promise<string[]> {
  const block = await FeatureBlockReader.open(place.blobs.path(features.id));
  const ids = await block.ids();
  await block.close();
  return ids;
}

/** Runs a join; nothing if no class has enough examples. */
async function join(
  place: Workplace,
  base: JoinedTrainingSet | undefined,
  { content, ids, assumeNegative }: Step,
) {
  const options = { assumeNegative, shardRows: 7, minPositives: 2 };
  return await place.join({ labels: [content], ids, base: base?.set, options }).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'TRAINING_SET_EMPTY' });
    return undefined;
  });
}

describe('joinTrainingSet', () => {
  it('joins as a simple program in memory does, at first and with more to come', async () => {
    await withWorkplace(async (place) => {
      await fc.assert(
        fc.asyncProperty(step, step, async (first, second) => {
          let known = learnFrom(new Map(), first);
          const before = await join(place, undefined, first);
          expect(before === undefined ? {} : await place.photos(before)).toEqual(expectedPhotos(known));
          if (before === undefined) return;
          expect((await join(place, undefined, { ...first, ids: [...first.ids].reverse() }))?.set).toEqual(
            before.set,
          );
          known = learnFrom(known, second);
          const after = await join(place, before, second);
          expect(after === undefined ? {} : await place.photos(after)).toEqual(expectedPhotos(known));
          if (after === undefined) return;
          const { counts } = after.set;
          expect(counts.positives.every((count) => count > 0)).toBe(true);
          expect(counts.negatives.every((count) => count > 0)).toBe(true);
          const learned = (await Promise.all(after.set.learn.map((shard) => idsOf(place, shard)))).flat();
          for (const shard of before.set.learn) {
            const used = (await idsOf(place, shard)).filter((id) => id in expectedPhotos(known));
            expect(learned).toEqual(expect.arrayContaining(used));
            if (used.length === shard.rows)
              expect(after.set.learn.map(({ features }) => features.id)).toContain(shard.features.id);
          }
        }),
        { numRuns: 10 },
      );
    });
  });
});

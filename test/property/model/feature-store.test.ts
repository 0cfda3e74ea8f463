import { cp, open, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { maxNameBytes, nameProblem } from '../../../src/base/ids.ts';
import type { EmbeddedFeatureStore } from '../../../src/model/feature-store/embedded-feature-store.ts';
import type { FeatureSnapshot } from '../../../src/model/feature-store/feature-snapshot.ts';
import { readManifest } from '../../../src/model/feature-store/manifest.ts';
import { segmentFiles } from '../../../src/model/feature-store/segment.ts';
import { contentOf, featuresOf, openStore, readSnapshot, selectedOf } from '../../support/features.ts';
import { temporaryFolder } from '../../support/model.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let runs = 0;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

const anyId = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: maxNameBytes })
  .filter((name) => nameProblem(name) === undefined);
/** Few, so that they meet again. */
const id = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 11 }).map((number) => `photo ${String(number)}`) },
  { weight: 1, arbitrary: anyId },
);
const number = fc.integer({ min: 0, max: 2 ** 24 - 1 });

type Step =
  | { readonly type: 'append'; readonly rows: readonly (readonly [string, number])[] }
  | { readonly type: 'remove'; readonly id: string }
  | { readonly type: 'compact' | 'reopen' | 'hold' | 'release' | 'appendMeanwhile' }
  | { readonly type: 'cut'; readonly part: number; readonly file: 'ids' | 'rows' };

const append = fc.record({
  type: fc.constant('append' as const),
  rows: fc.array(fc.tuple(id, number), { maxLength: 12 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: append },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('remove' as const), id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('compact', 'reopen', 'hold', 'release', 'appendMeanwhile'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('cut' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      file: fc.constantFrom('ids', 'rows'),
    }),
  },
);

/** A store beside the map that it should be. */
class Pair {
  readonly #path: string;
  #store: EmbeddedFeatureStore;
  #expected = new Map<string, number>();
  #held: { snapshot: FeatureSnapshot; expected: Map<string, number> }[] = [];

  private constructor(path: string, store: EmbeddedFeatureStore) {
    this.#path = path;
    this.#store = store;
  }

  static async open(path: string): Promise<Pair> {
    return new Pair(path, (await openStore(path)).store);
  }

  async run(step: Step): Promise<void> {
    if (step.type === 'append') await this.#append(step.rows);
    else if (step.type === 'remove') {
      expect(await this.#store.remove(step.id)).toBe(this.#expected.delete(step.id));
    } else if (step.type === 'compact') await this.#store.compact();
    else if (step.type === 'appendMeanwhile') await this.#appendMeanwhile();
    else if (step.type === 'reopen') await this.#reopen(0);
    else if (step.type === 'cut') await this.#cut(step.part, step.file);
    else if (step.type === 'hold') await this.#hold();
    else await this.#release();
  }

  async #append(rows: readonly (readonly [string, number])[]): Promise<void> {
    await this.#store.append(rows.map(([photo, each]) => ({ id: photo, features: featuresOf(each) })));
    for (const [photo, each] of rows) this.#expected.set(photo, each);
  }

  /** Changes while a compaction runs. */
  async #appendMeanwhile(): Promise<void> {
    const compaction = this.#store.compact();
    await this.#hold();
    await this.#append([
      ['photo 1', 1],
      ['photo 2', 2],
    ]);
    expect(await this.#store.remove('photo 3')).toBe(this.#expected.delete('photo 3'));
    await this.#hold();
    await compaction;
  }

  async #hold(): Promise<void> {
    this.#held.push({ snapshot: await this.#store.snapshot(), expected: new Map(this.#expected) });
  }

  async #release(): Promise<void> {
    const held = this.#held.shift();
    if (held === undefined) return;
    expect((await readSnapshot(held.snapshot)).content).toEqual(held.expected);
    await this.#store.release(held.snapshot);
  }

  async #reopen(reportsAtMost: number): Promise<void> {
    while (this.#held.length > 0) await this.#release();
    await this.#store.close();
    const { store, reports } = await openStore(this.#path);
    expect(reports.map(({ message }) => message)).toHaveLength(Math.min(reports.length, reportsAtMost));
    this.#store = store;
  }

  /** An append is cut somewhere, as if the process had been killed in the middle of it. */
  async #cut(part: number, kind: 'ids' | 'rows'): Promise<void> {
    // So that the last segment is known, and the append is in it.
    await this.#append([['photo 0', 0]]);
    const before = await this.#sizes();
    const expected = new Map(this.#expected);
    await this.#append(Array.from({ length: 5 }, (_, index) => [`photo ${String(index)}`, index + 100]));
    const after = await this.#sizes();
    // The append has begun a segment: nothing of it was in the one before.
    const start = after.ids === before.ids ? before[`${kind}Bytes`] : 512;
    const size = Math.floor(start + part * (after[`${kind}Bytes`] - start));
    await truncate(after[kind], size);
    if (size < after[`${kind}Bytes`]) this.#expected = expected;
    await this.#reopen(2);
  }

  async #sizes() {
    const manifest = await readManifest(this.#path);
    const { ids, rows } = segmentFiles(this.#path, manifest!.segments.at(-1)!);
    return { ids, rows, idsBytes: (await stat(ids)).size, rowsBytes: (await stat(rows)).size };
  }

  async check(): Promise<void> {
    const { content, faults } = await contentOf(this.#store);
    expect(faults).toEqual([]);
    expect(content).toEqual(this.#expected);
    expect(this.#store.stats().photos).toBe(this.#expected.size);
    for (const photo of ['photo 0', 'photo 11', 'nobody'])
      expect(await this.#store.has(photo)).toBe(this.#expected.has(photo));
    const ids = [...this.#expected.keys(), 'nobody', 'photo 0', 'photo 11'].toReversed();
    expect(await selectedOf(this.#store, ids)).toEqual(ids.map((each) => this.#expected.get(each)));
  }

  async close(): Promise<void> {
    await this.#reopen(0);
    await this.check();
    await this.#store.compact();
    await this.#store.compact();
    await this.check();
    expect(this.#store.stats().rows).toBe(this.#expected.size);
    await this.#store.close();
  }
}

it('a store is a map that outlives restarts, cuts and compactions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const path = join(folder.path, String(runs++));
      const pair = await Pair.open(path);
      for (const each of steps) {
        await pair.run(each);
        await pair.check();
      }
      await pair.close();
      await rm(path, { recursive: true });
    }),
    { numRuns: 60 },
  );
});

it('wherever one byte is changed, what is served was stored', async () => {
  const path = join(folder.path, 'original');
  const { store } = await openStore(path);
  const latest = new Map<string, Set<number>>();
  for (let each = 0; each < 40; each++) {
    const photo = `photo ${String(each % 15)}`;
    await store.append([{ id: photo, features: featuresOf(each) }]);
    latest.set(photo, (latest.get(photo) ?? new Set()).add(each));
  }
  await store.close();
  const files = (await readManifest(path))!.segments.flatMap((each) => {
    const { ids, rows } = segmentFiles('', each);
    return [ids, rows];
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...files),
      fc.nat(1_500),
      fc.integer({ min: 1, max: 255 }),
      async (file, at, change) => {
        const copy = join(folder.path, `copy ${String(runs++)}`);
        await cp(path, copy, { recursive: true });
        await flip(join(copy, file), at, change);
        const opened = await openStore(copy).catch((fault: unknown) => fault);
        if (opened instanceof Error) expect(opened).toHaveProperty('code', 'FEATURES_FORMAT');
        else await checkServed(opened as Awaited<ReturnType<typeof openStore>>, latest);
        await rm(copy, { recursive: true });
      },
    ),
    { numRuns: 150 },
  );
});

async function checkServed(
  { store, reports }: Awaited<ReturnType<typeof openStore>>,
  latest: Map<string, Set<number>>,
) {
  const { content, faults } = await contentOf(store);
  for (const [photo, each] of content) expect(latest.get(photo)?.has(each)).toBe(true);
  const isWhole = [...latest].every(([photo, all]) => content.get(photo) === Math.max(...all));
  // Damage to a row that does not count is not looked for.
  if (!isWhole) expect([...reports, ...faults].length).toBeGreaterThan(0);
  expect(content.size).toBeGreaterThanOrEqual(latest.size - 1);
  await store.compact();
  await store.close();
}

async function flip(file: string, at: number, change: number): Promise<void> {
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at % size);
  byte[0]! ^= change;
  await handle.write(byte, 0, 1, at % size);
  await handle.close();
}

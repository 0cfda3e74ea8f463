import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtEntry } from '../../src/base/built-entry.ts';
import { systemClock, type Clock } from '../../src/base/clock.ts';
import type { Fault } from '../../src/base/errors.ts';
import { planCompaction } from '../../src/model/feature-store/compaction.ts';
import type { FeatureSnapshot } from '../../src/model/feature-store/feature-snapshot.ts';
import { EmbeddedFeatureStores } from '../../src/model/feature-store/embedded-feature-stores.ts';
import type { Segment } from '../../src/model/feature-store/segment.ts';
import { rowBytes } from '../../src/model/feature-store/segment-format.ts';
import { contentOf, featuresOf, openStore, readSnapshot, smallExtractor } from '../support/features.ts';
import { SnapshotReader } from '../../src/model/feature-store/snapshot-reader.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { until } from '../support/until.ts';
import { temporaryFolder } from '../support/model.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());
const at = (...names: string[]) => join(folder.path, ...names);

const rowsOf = (...numbers: number[]) =>
  numbers.map((number) => ({ id: `photo ${String(number)}`, features: featuresOf(number) }));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const mapOf = (...numbers: number[]) => new Map(numbers.map((number) => [`photo ${String(number)}`, number]));
const codeOf = (action: Promise<unknown>) =>
  action.then(
    () => 'no fault',
    (fault: unknown) => (fault as Fault).code,
  );

describe('a cut', () => {
  it('anywhere in the last append leaves what was before it', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1, 2, 3));
    const before = [(await stat(at('a', '1.ids'))).size, (await stat(at('a', '1.rows'))).size] as const;
    await store.append(rowsOf(4));
    await store.close();
    const after = [(await stat(at('a', '1.ids'))).size, (await stat(at('a', '1.rows'))).size] as const;
    for (const [index, file] of (['1.ids', '1.rows'] as const).entries())
      for (let size = before[index]!; size < after[index]!; size++) {
        await cp(at('a'), at('b'), { recursive: true });
        await truncate(at('b', file), size);
        const { store: cut, reports } = await openStore(at('b'));
        expect((await contentOf(cut)).content).toEqual(mapOf(1, 2, 3));
        expect(reports.map(({ code }) => code)).toContain('FEATURES_CUT');
        await cut.append(rowsOf(5));
        expect((await contentOf(cut)).content).toEqual(mapOf(1, 2, 3, 5));
        await cut.close();
        const again = await openStore(at('b'));
        expect(again.reports).toEqual([]);
        expect((await contentOf(again.store)).content).toEqual(mapOf(1, 2, 3, 5));
        await again.store.close();
        await rm(at('b'), { recursive: true });
      }
  });

  it('between the parts of one append leaves nothing of it', async () => {
    const { store } = await openStore(at('a'), { segmentRows: 4_096 });
    await store.append(rowsOf(1));
    const { size } = await stat(at('a', '1.ids'));
    await store.append(rowsOf(...range(2, 902)));
    await store.close();
    const ids = await readFile(at('a', '1.ids'));
    const secondFrame = ids.indexOf(ids.subarray(512, 516), size + 1);
    const cuts = [secondFrame, ids.indexOf(ids.subarray(512, 516), secondFrame + 1), ids.length - 1];
    for (const cut of cuts) {
      await writeFile(at('a', '1.ids'), ids.subarray(0, cut));
      const opened = await openStore(at('a'), { segmentRows: 4_096 });
      expect((await contentOf(opened.store)).content).toEqual(mapOf(1));
      await opened.store.close();
    }
  });

  it('is taken for one where the last rows are not what their ids say: those were not written yet', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1, 2));
    await store.append(rowsOf(3, 1));
    await store.close();
    const rows = await readFile(at('a', '1.rows'));
    await writeFile(at('a', '1.rows'), rows.fill(0, 512 + 3 * rowBytes(4)));
    const opened = await openStore(at('a'));
    expect((await contentOf(opened.store)).content).toEqual(mapOf(1, 2));
    expect(opened.reports.map(({ code }) => code)).toEqual(['FEATURES_CUT', 'FEATURES_CUT']);
    await opened.store.close();
  });
});

describe('damage', () => {
  it('of a row is reported with its file and byte, and costs that row only', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1, 2, 3));
    await store.append(rowsOf(4));
    const offset = 512 + rowBytes(4);
    const rows = await readFile(at('a', '1.rows'));
    rows[offset + 13]! ^= 1;
    await writeFile(at('a', '1.rows'), rows);
    const { content, faults } = await contentOf(store);
    expect(content).toEqual(mapOf(1, 3, 4));
    expect(faults.map(({ message }) => message)).toEqual([
      `The features in ${at('a', '1.rows')} are damaged at byte ${String(offset)}: a row does not match its checksum; describe the photos again, the rest can be used.`,
    ]);
    await store.remove('photo 4');
    await store.compact();
    expect(await store.has('photo 2')).toBe(false);
    expect((await contentOf(store)).faults).toEqual([]);
    await store.close();
  });

  it('in the middle of the ids costs the photos that are named there', async () => {
    const { store } = await openStore(at('a'));
    for (const each of [1, 2, 3]) await store.append(rowsOf(each));
    await store.close();
    const ids = await readFile(at('a', '1.ids'));
    ids[ids.indexOf('photo 2')]! ^= 1;
    await writeFile(at('a', '1.ids'), ids);
    const { store: damaged, reports } = await openStore(at('a'));
    expect(reports.map(({ code, details }) => [code, details['file']])).toEqual([
      ['FEATURES_DAMAGED', at('a', '1.ids')],
    ]);
    expect((await contentOf(damaged)).content).toEqual(mapOf(1, 3));
    await damaged.append(rowsOf(2));
    await damaged.compact();
    await damaged.close();
    const mended = await openStore(at('a'));
    expect(mended.reports).toEqual([]);
    expect((await contentOf(mended.store)).content).toEqual(mapOf(1, 2, 3));
    await mended.store.close();
  });

  it('of the manifest stops everything: it says what may be removed', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1));
    await store.close();
    const manifest = await readFile(at('a', 'segments.json'), 'utf8');
    await writeFile(at('a', 'segments.json'), manifest.replace('"segments":[1]', '"segments":[]'));
    expect(await codeOf(openStore(at('a')))).toBe('FEATURES_FORMAT');
    expect(await readdir(at('a'))).toContain('1.rows');
  });

  it('is what a store of another extractor looks like', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1));
    await store.close();
    const extractor = { ...smallExtractor(), version: 2 };
    expect(await codeOf(openStore(at('a'), { extractor }))).toBe('FEATURES_FORMAT');
  });
});

describe('a process', () => {
  const child = (...args: unknown[]) => [
    fileURLToPath(builtEntry('../support/feature-store-entry', import.meta.url)),
    ...args.map(String),
  ];
  const storedIn = (lines: readonly string[]) =>
    lines.flatMap((line) => {
      const [, first, count] = /^stored (\d+) (\d+)$/.exec(line) ?? [];
      return first === undefined ? [] : range(Number(first), Number(first) + Number(count));
    });
  const extractor = smallExtractor(200);

  it('may be killed at any time: what it answered for is there', async () => {
    const running = spawn(process.execPath, child(at('a'), 200, 50, 100_000), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    for await (const line of createInterface(running.stdout)) {
      lines.push(line);
      if (lines.length === 40) running.kill('SIGKILL');
    }
    const stored = storedIn(lines);
    expect(stored.length).toBeGreaterThanOrEqual(40 * 45);
    const { store } = await openStore(at('a'), { extractor, segmentRows: 100_000 });
    const { content, faults } = await contentOf(store);
    expect(faults).toEqual([]);
    for (const each of stored) expect(content.get(`photo ${String(each)}`)).toBe(each);
    await store.close();
  });

  it('says so when the disk is full, loses nothing, and goes on where there is space', () => {
    const command = `ulimit -f 64; exec "$0" "$@"`;
    const output = execFileSync('sh', ['-c', command, process.execPath, ...child(at('a'), 200, 100, 30)], {
      encoding: 'utf8',
    });
    const lines = output.trim().split('\n');
    expect(new Set(lines.map((line) => line.replace(/\d+/g, 'n')))).toEqual(
      new Set(['stored n n', 'fault DISK_FULL']),
    );
    expect(lines.lastIndexOf('fault DISK_FULL')).toBeGreaterThan(lines.indexOf('fault DISK_FULL'));
    expect(lines.at(-1)).toMatch(/^stored/);
    return openStore(at('a'), { extractor, segmentRows: 100_000 }).then(async ({ store, reports }) => {
      expect(reports).toEqual([]);
      expect((await contentOf(store)).content).toEqual(mapOf(...storedIn(lines)));
      await store.close();
    });
  });
});

describe('a snapshot', () => {
  it('is read in a thread, and stays as it was while the store goes on', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(...range(0, 50)));
    const snapshot = await store.snapshot();
    await store.append(
      range(0, 50).map((each) => ({ id: `photo ${String(each)}`, features: featuresOf(each + 1) })),
    );
    await store.remove('photo 7');
    expect(await store.compact()).toBeGreaterThanOrEqual(51);
    const url = builtEntry('../support/snapshot-reader-entry', import.meta.url);
    const worker = new Worker(url, { workerData: snapshot });
    const [content] = (await once(worker, 'message')) as [Map<string, number>];
    expect(content).toEqual(mapOf(...range(0, 50)));
    await store.release(snapshot);
    await store.release(snapshot);
    expect(await codeOf(readSnapshot(snapshot))).toBe('FILE_READ');
    await store.close();
  });

  it('keeps erased bytes no longer than it is held', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1, 2));
    const snapshot = await store.snapshot();
    await store.remove('photo 1');
    await store.compact();
    const bytes = () =>
      readdir(at('a')).then(async (names) =>
        Buffer.concat(await Promise.all(names.map((name) => readFile(at('a', name))))),
      );
    expect((await bytes()).includes('photo 1')).toBe(true);
    await store.release(snapshot);
    expect((await bytes()).includes('photo 1')).toBe(false);
    expect((await bytes()).includes('photo 2')).toBe(true);
    await store.close();
  });

  it('throws what is damaged unless somebody wants to know', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(1));
    const snapshot: FeatureSnapshot = await store.snapshot();
    await truncate(at('a', '1.rows'), 520);
    const reader = await SnapshotReader.open(snapshot);
    const into = { values: new Uint8Array(4), scales: new Float32Array(2) };
    expect(await codeOf(reader.read(Uint32Array.of(0), into))).toBe('FEATURES_DAMAGED');
    expect(await codeOf(reader.read(Uint32Array.of(2 ** 20), into))).toBe('NOT_FOUND');
    await reader.close();
    await store.close();
  });
});

describe('a store', () => {
  it('refuses what it cannot keep, and keeps the rest out with it', async () => {
    const { store } = await openStore(at('a'));
    const odd = { id: 'odd', features: { ...featuresOf(1), scale: NaN } };
    expect(await codeOf(store.append([...rowsOf(1), odd]))).toBe('REQUEST_INVALID');
    expect(await codeOf(store.append([{ id: 'long', features: featuresOf(1, 5) }]))).toBe('REQUEST_INVALID');
    expect(await codeOf(store.append([{ id: 'a\nb', features: featuresOf(1) }]))).toBe('PHOTO_ID');
    expect(store.stats().photos).toBe(0);
    await store.append([]);
    await store.close();
    await store.close();
    expect(await codeOf(store.append(rowsOf(1)))).toBe('FEATURES_UNAVAILABLE');
    expect(await codeOf(store.remove('photo 1'))).toBe('FEATURES_UNAVAILABLE');
    expect(await codeOf(store.compact())).toBe('FEATURES_UNAVAILABLE');
  });

  it('gives up compaction when it is closed, and loses nothing', async () => {
    const { store } = await openStore(at('a'));
    await store.append(rowsOf(...range(0, 200)));
    await store.append(rowsOf(...range(0, 200)));
    const compaction = codeOf(store.compact());
    await store.close();
    expect(await compaction).toBe('FEATURES_UNAVAILABLE');
    const opened = await openStore(at('a'));
    expect(opened.reports).toEqual([]);
    expect((await contentOf(opened.store)).content).toEqual(mapOf(...range(0, 200)));
    await opened.store.close();
  });

  it('compacts the oldest segments first, and leaves good ones alone', () => {
    const segment = (rows: number, live: number) =>
      ({ rows, live: { count: live }, dirty: live < rows }) as unknown as Segment;
    const segments = [
      segment(100, 100),
      segment(100, 60),
      segment(100, 30),
      segment(100, 20),
      segment(60, 60),
      segment(5, 5),
    ];
    const plan = planCompaction(segments, 100);
    expect(plan.map((group) => group.map((each) => segments.indexOf(each)))).toEqual([[1, 2], [3]]);
  });
});

describe('the stores of a node', () => {
  const one = smallExtractor();
  const two = { ...smallExtractor(), id: 'hog' };
  const reports: Fault[] = [];
  const make = (clock: Clock = systemClock) =>
    new EmbeddedFeatureStores({ folder: at('features'), clock, report: (fault) => reports.push(fault) });
  const photo = (number: number, ...extractors: (typeof one)[]) => ({
    id: `photo ${String(number)}`,
    features: extractors.map((extractor) => ({ extractor, features: featuresOf(number) })),
  });
  const contents = async (stores: EmbeddedFeatureStores) => [
    (await contentOf(await stores.of(one))).content,
    (await contentOf(await stores.of(two))).content,
  ];
  const files = () =>
    readdir(at('features'), { recursive: true, withFileTypes: true }).then((entries) =>
      Promise.all(
        entries
          .filter((entry) => entry.isFile())
          // A compaction may remove it meanwhile.
          .map((entry) => readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))),
      ),
    );

  it('keep a photo by extractor, opened when first used and again after they were closed', async () => {
    const stores = make();
    expect(await codeOf(stores.of(one))).toBe('FEATURES_UNAVAILABLE');
    await stores.open();
    expect(await stores.of(one)).toBe(await stores.of(one));
    await stores.append([photo(1, one, two), photo(2, one)]);
    await stores.close();
    await stores.close();
    expect(await codeOf(stores.append([photo(3, one)]))).toBe('FEATURES_UNAVAILABLE');
    await writeFile(at('features', 'notes.txt'), 'nobody minds');
    expect(await readdir(at('features'))).toEqual([
      `hog-1-${'ab'.repeat(8)}`,
      `lite0-1-${'ab'.repeat(8)}`,
      'notes.txt',
    ]);
    await stores.open();
    expect(await contents(stores)).toEqual([mapOf(1, 2), mapOf(1)]);
    await stores.close();
  });

  it('keep the versions of an extractor apart', async () => {
    const stores = make();
    await stores.open();
    const later = { ...two, version: 2 };
    await stores.append([photo(1, two), photo(2, later)]);
    expect((await contentOf(await stores.of(two))).content).toEqual(mapOf(1));
    expect((await contentOf(await stores.of(later))).content).toEqual(mapOf(2));
    await stores.close();
    expect(await readdir(at('features'))).toEqual(
      [1, 2].map((version) => `hog-${String(version)}-${'ab'.repeat(8)}`),
    );
  });

  it('forget a photo in all of them, and erase its bytes soon', async () => {
    const clock = new SimulatedClock();
    const stores = make(clock);
    await stores.open();
    await stores.append([photo(1, one, two), photo(2, one)]);
    expect(await stores.remove('photo 1')).toBe(2);
    expect(await stores.remove('photo 1')).toBe(0);
    expect(Buffer.concat(await files()).includes('photo 1')).toBe(true);
    await clock.advance(10_000);
    await until(async () => !Buffer.concat(await files()).includes('photo 1'));
    expect(await contents(stores)).toEqual([mapOf(2), mapOf()]);
    await stores.close();
    expect(reports).toEqual([]);
  });

  it('store nothing of a photo that was removed since it was looked at', async () => {
    const stores = make();
    await stores.open();
    const watch = stores.watchRemovals();
    const later = stores.watchRemovals();
    later.end();
    await stores.remove('photo 1');
    await stores.append([photo(1, one), photo(2, one)], watch.removed);
    watch.end();
    expect(later.removed.size).toBe(0);
    expect(await contents(stores)).toEqual([mapOf(2), mapOf()]);
    await stores.close();
  });

  it('do not open where the folder of one is damaged', async () => {
    const stores = make();
    await stores.open();
    await stores.append([photo(1, one)]);
    await stores.close();
    await writeFile(at('features', `lite0-1-${'ab'.repeat(8)}`, 'segments.json'), '{}');
    expect(await codeOf(stores.open())).toBe('FEATURES_FORMAT');
    expect(await codeOf(stores.of(one))).toBe('FEATURES_UNAVAILABLE');
  });
});

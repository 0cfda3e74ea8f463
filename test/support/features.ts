import type { Fault } from '../../src/base/errors.ts';
import { type FeatureSnapshot, snapshotOfRows } from '../../src/model/feature-store/feature-snapshot.ts';
import {
  EmbeddedFeatureStore,
  type EmbeddedFeatureStoreOptions,
} from '../../src/model/feature-store/embedded-feature-store.ts';
import type { FeatureStore } from '../../src/model/feature-store/feature-store.ts';
import { SnapshotReader } from '../../src/model/feature-store/snapshot-reader.ts';
import type { ExtractorReference } from '../../src/model/model-header.ts';
import type { QuantisedFeatures } from '../../src/vision/quantised-features.ts';

/** An extractor of few dims. */
export function smallExtractor(dims = 4): ExtractorReference {
  return { id: 'lite0', version: 1, dims, parametersHash: 'ab'.repeat(32) };
}

/** Features that differ from those of any other number below 2^24. */
export function featuresOf(number: number, dims = 4): QuantisedFeatures {
  const values = Uint8Array.from({ length: dims }, (_, index) => number * (index + 1));
  return { offset: number, scale: 0.5, values };
}

/** The number that {@link featuresOf} was given. */
function numberOf(values: Uint8Array, offset: number, scale: number): number {
  if (scale !== 0.5 || !values.every((value, index) => value === ((offset * (index + 1)) & 255)))
    throw new Error(`no features: ${String(offset)} ${String(scale)} ${String([...values])}`);
  return offset;
}

/** A store whose reports are kept; with small segments. */
export async function openStore(
  folder: string,
  options: Partial<EmbeddedFeatureStoreOptions> = {},
): Promise<{ store: EmbeddedFeatureStore; reports: Fault[] }> {
  const reports: Fault[] = [];
  const report = (fault: Fault) => reports.push(fault);
  const extractor = smallExtractor();
  const store = await EmbeddedFeatureStore.open({ folder, extractor, report, segmentRows: 16, ...options });
  return { store, reports };
}

/** Everything that a store serves, read as a thread does: the number of each photo's features. */
export async function contentOf(
  store: FeatureStore,
): Promise<{ content: Map<string, number>; faults: Fault[] }> {
  const snapshot = await store.snapshot();
  const { content, faults } = await readSnapshot(structuredClone(snapshot));
  await store.release(snapshot);
  return { content, faults };
}

/** As {@link contentOf}, of a snapshot. */
export async function readSnapshot(
  snapshot: FeatureSnapshot,
): Promise<{ content: Map<string, number>; faults: Fault[] }> {
  const content = new Map<string, number>();
  const faults: Fault[] = [];
  const { dims } = snapshot.extractor;
  const reader = await SnapshotReader.open(snapshot);
  for await (const { ids, places } of reader.photos((fault) => faults.push(fault), 7)) {
    // Backwards, so that the order is not that of the files.
    const wanted = places.toReversed();
    const values = new Uint8Array(new SharedArrayBuffer(wanted.length * dims));
    const scales = new Float32Array(wanted.length * 2);
    const damaged = new Set<number>();
    await reader.read(wanted, { values, scales }, (index, fault) => {
      damaged.add(index);
      faults.push(fault);
    });
    for (const [index, id] of ids.toReversed().entries()) {
      if (content.has(id)) throw new Error(`${id} comes twice`);
      if (damaged.has(index)) continue;
      const row = values.slice(index * dims, (index + 1) * dims);
      content.set(id, numberOf(row, scales[2 * index]!, scales[2 * index + 1]!));
    }
  }
  await reader.close();
  return { content, faults };
}

/** The numbers of these photos' features, read as a thread reads a selection. */
export async function selectedOf(
  store: FeatureStore,
  ids: readonly string[],
): Promise<(number | undefined)[]> {
  const selection = structuredClone(await store.select(ids));
  const reader = await SnapshotReader.open(snapshotOfRows(selection));
  const { dims } = selection.extractor;
  const numbers: (number | undefined)[] = [];
  for (const place of selection.places) {
    const into = { values: new Uint8Array(dims), scales: new Float32Array(2) };
    if (place !== undefined) await reader.read(Uint32Array.of(place), into);
    const [offset = 0, scale = 0] = into.scales;
    numbers.push(place === undefined ? undefined : numberOf(into.values, offset, scale));
  }
  await reader.close();
  await store.release(selection);
  return numbers;
}

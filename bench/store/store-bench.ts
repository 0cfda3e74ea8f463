import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { parseSearchQuery } from '../../src/store/search-query.ts';
import type { TagStore } from '../../src/store/tag-store.ts';
import { quantile } from '../results/quantile.ts';
import { PhotoGenerator } from './photo-generator.ts';

/** What to measure. */
export interface StoreBenchOptions {
  /** Photos in the store. Default 200,000. */
  readonly photos?: number;
  /** Distinct tags. Default 3,000. */
  readonly vocabulary?: number;
  /** Default 5. */
  readonly tagsPerPhoto?: number;
  /** Searches of each kind. Default 200. */
  readonly searches?: number;
  /** Hits a page. Default 20. */
  readonly limit?: number;
  /** Where the database is made, and removed. Default: the system's temporary folder. */
  readonly folder?: string;
  /** An empty database of a PostgreSQL server, to measure instead of the embedded one; it is left full. */
  readonly url?: string | undefined;
  /** Told of what takes long. */
  readonly progress?: (line: string) => void;
}

/** Times of one kind of search. */
export interface SearchFigures {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Mean hits on the page. */
  readonly hits: number;
}

/** What was measured. */
export interface StoreBenchFigures {
  readonly photos: number;
  readonly fillRowsPerS: number;
  /** Rows a second in batches of 64, one after the other, into the full store. */
  readonly writeRowsPerS: number;
  /** The same, replacing rows that exist. */
  readonly replaceRowsPerS: number;
  readonly bytesPerPhoto: number;
  readonly search: Readonly<Record<string, SearchFigures>>;
  readonly mixP50Ms: number;
  readonly mixP95Ms: number;
}

const batchSize = 64;
/** Filling is not what is measured: larger batches, fewer fsyncs. */
const fillBatchSize = 4096;

/** Fills a store with made-up photos and measures writes and a mix of searches, one at a time. */
export async function storeBench(options: StoreBenchOptions = {}): Promise<StoreBenchFigures> {
  const { photos = 200_000, vocabulary = 3_000, tagsPerPhoto = 5, searches = 200, limit = 20 } = options;
  const folder = await mkdtemp(path.join(options.folder ?? tmpdir(), 'autotag-store-bench-'));
  const store =
    options.url === undefined
      ? await EmbeddedTagStore.open({ file: path.join(folder, 'tags.db') })
      : await PostgresTagStore.open({ url: options.url, statementTimeoutMs: 600_000 });
  try {
    const generator = new PhotoGenerator({ vocabulary, tagsPerPhoto, seed: 1 });
    const fillRowsPerS = await fill(store, generator, photos, options.progress);
    const { bytes } = await store.stats();
    const search = await searchTimes(store, generator, { searches, limit, vocabulary });
    const all = Object.values(search).flatMap(({ times }) => times);
    const [writeRowsPerS, replaceRowsPerS] = await writeRates(store, generator, photos);
    return {
      photos,
      fillRowsPerS,
      writeRowsPerS,
      replaceRowsPerS,
      bytesPerPhoto: bytes / photos,
      search: Object.fromEntries(Object.entries(search).map(([kind, { figures }]) => [kind, figures])),
      mixP50Ms: quantile(all, 0.5),
      mixP95Ms: quantile(all, 0.95),
    };
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
}

async function fill(
  store: TagStore,
  generator: PhotoGenerator,
  photos: number,
  progress: StoreBenchOptions['progress'],
): Promise<number> {
  const start = performance.now();
  let told = start;
  for (let first = 0; first < photos; first += fillBatchSize) {
    await store.write(batchOf(generator, first, Math.min(fillBatchSize, photos - first)));
    if (performance.now() - told < 10_000) continue;
    told = performance.now();
    progress?.(`${String(first)} photos, ${perSecond(first, start).toFixed(0)}/s`);
  }
  return perSecond(photos, start);
}

async function writeRates(
  store: TagStore,
  generator: PhotoGenerator,
  photos: number,
): Promise<[write: number, replace: number]> {
  const batches = Array.from({ length: 100 }, (_, index) =>
    batchOf(generator, photos + index * batchSize, batchSize),
  );
  const rates: number[] = [];
  for (const activation of [1, 2]) {
    const start = performance.now();
    for (const batch of batches) await store.write(batch.map((result) => ({ ...result, activation })));
    rates.push(perSecond(batches.length * batchSize, start));
  }
  return [rates[0]!, rates[1]!];
}

function batchOf(generator: PhotoGenerator, first: number, size: number) {
  return Array.from({ length: size }, (_, index) => generator.photo(first + index));
}

async function searchTimes(
  store: TagStore,
  generator: PhotoGenerator,
  { searches, limit, vocabulary }: { searches: number; limit: number; vocabulary: number },
): Promise<Record<string, { times: number[]; figures: SearchFigures }>> {
  const below = (count: number) => Math.floor(generator.random() * count);
  const any = () => `t${String(below(vocabulary))}`;
  // Two different ones of the twenty most frequent.
  const pair = () => {
    const first = below(20);
    return [`t${String(first)}`, `t${String((first + 1 + below(19)) % 20)}`] as const;
  };
  const kinds: Readonly<Record<string, () => string>> = {
    'one tag': any,
    'two of the 20 most frequent': () => pair().join(' '),
    'one of the 20 without another': () => pair().join(' -'),
    'two of the 20, score>0.8': () => `${pair().join(' ')} score>0.8`,
    'a rare and a frequent tag': () => `${any()} ${pair()[0]}`,
    'three tags': () => `${pair().join(' ')} ${any()}`,
  };
  const figures: Record<string, { times: number[]; figures: SearchFigures }> = {};
  for (const [kind, query] of Object.entries(kinds)) {
    const times: number[] = [];
    let hits = 0;
    for (let count = 0; count < searches; count += 1) {
      const parsed = parseSearchQuery(query());
      const start = performance.now();
      hits += (await store.search(parsed, { limit })).hits.length;
      times.push(performance.now() - start);
    }
    const [p50Ms, p95Ms, maxMs] = [0.5, 0.95, 1].map((share) => quantile(times, share)) as [
      number,
      number,
      number,
    ];
    figures[kind] = { times, figures: { p50Ms, p95Ms, maxMs, hits: hits / searches } };
  }
  return figures;
}

function perSecond(count: number, start: number): number {
  return (count / (performance.now() - start)) * 1000;
}

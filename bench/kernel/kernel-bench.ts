import { Kernel, type StepTime } from '../../src/vision/kernel.ts';
import { readParameters } from '../../src/vision/parameter-file.ts';
import { asRows, quantiseFeatures } from '../../src/vision/quantised-features.ts';
import { type QuantisedWeights, quantiseWeights } from '../../src/vision/quantised-weights.ts';
import type { Tensor } from '../../src/vision/torch-file.ts';
import { lite0Onnx } from './lite0-onnx.ts';
import { OnnxReference } from './onnx-reference.ts';

/** What to measure on. */
export interface KernelBenchOptions {
  /** Decoded photos, RGB `[height × width × 3]` of the extractor's input. */
  readonly photos: readonly Uint8Array[];
  /** The extractor's parameter file. */
  readonly parameters: Uint8Array;
  /** The checkpoint that the parameters were packed from. */
  readonly checkpoint: ReadonlyMap<string, Tensor>;
  /** Threads of each of the two; the kernel has one. */
  readonly threads: 1;
  /** Runs, at least as many as photos. */
  readonly runs?: number;
}

/** Medians of milliseconds a photo, and how far the features agree. */
export interface KernelBenchResult {
  readonly photos: number;
  readonly runs: number;
  readonly threads: 1;
  readonly kernel_ms: number;
  readonly onnxruntime_web_ms: number;
  /** Times as fast: the median of each run's own ratio. */
  readonly kernel_over_onnxruntime_web: number;
  readonly cosine_min: number;
  readonly cosine_mean: number;
  /** By kind of step; they add up to a little more than `kernel_ms`. */
  readonly stages_ms: Readonly<Record<StepTime['kind'], number>>;
  /** `z = w · x − b` for one photo and 1,000 classes. */
  readonly score_ms: number;
  /** Reading, checking and packing the parameters. */
  readonly load_ms: number;
}

const warmups = 20;
const scoredClasses = 1000;

/**
 * Times the kernel beside onnxruntime-web on the same network, the same photos and one thread each, turn by turn so that both meet the
 * same machine, and compares their features.
 */
export async function kernelBench(options: KernelBenchOptions): Promise<KernelBenchResult> {
  const { photos, parameters, checkpoint, threads } = options;
  if (photos.length === 0) throw new RangeError('the kernel bench needs at least one photo');
  const kernel = Kernel.instantiate(await Kernel.compile());
  const loading = performance.now();
  const extractor = kernel.loadExtractor(readParameters(parameters));
  const load_ms = performance.now() - loading;
  const { width, height } = extractor.input;
  const reference = await OnnxReference.load(lite0Onnx(checkpoint), { width, height }, threads);
  for (let i = 0; i < warmups; i += 1) {
    extractor.describe(photos[i % photos.length]!);
    await reference.describe(photos[i % photos.length]!);
  }
  const runs = Math.max(options.runs ?? 100, photos.length);
  const block = await randomBlock(extractor.dims);
  const turns: Turn[] = [];
  for (let run = 0; run < runs; run += 1) {
    const photo = photos[run % photos.length]!;
    const start = performance.now();
    const features = extractor.describe(photo);
    const described = performance.now();
    const rows = asRows(quantiseFeatures(features));
    const quantised = performance.now();
    kernel.margins(rows, block);
    const scored = performance.now();
    const other = await reference.describe(photo);
    turns.push({
      kernel: described - start,
      score: scored - quantised,
      reference: other.ms,
      cosine: cosine(features, other.features),
      stages: stagesOf(extractor.profile(photo)),
    });
  }
  await reference.close();
  const cosines = turns.map((turn) => turn.cosine);
  return {
    photos: photos.length,
    runs,
    threads,
    kernel_ms: median(turns.map((turn) => turn.kernel)),
    onnxruntime_web_ms: median(turns.map((turn) => turn.reference)),
    kernel_over_onnxruntime_web: median(turns.map((turn) => turn.reference / turn.kernel)),
    cosine_min: Math.min(...cosines),
    cosine_mean: cosines.reduce((sum, value) => sum + value, 0) / cosines.length,
    stages_ms: {
      stem: median(turns.map(({ stages }) => stages.stem)),
      pointwise: median(turns.map(({ stages }) => stages.pointwise)),
      depthwise: median(turns.map(({ stages }) => stages.depthwise)),
      pool: median(turns.map(({ stages }) => stages.pool)),
    },
    score_ms: median(turns.map((turn) => turn.score)),
    load_ms,
  };
}

interface Turn {
  readonly kernel: number;
  readonly score: number;
  readonly reference: number;
  readonly cosine: number;
  readonly stages: Record<StepTime['kind'], number>;
}

function stagesOf(steps: readonly StepTime[]): Record<StepTime['kind'], number> {
  const stages = { stem: 0, pointwise: 0, depthwise: 0, pool: 0 };
  for (const { kind, ms } of steps) stages[kind] += ms;
  return stages;
}

function randomBlock(dims: number): Promise<QuantisedWeights> {
  const classes = scoredClasses;
  const w = Float32Array.from({ length: classes * dims }, (_, at) => Math.sin(at));
  return quantiseWeights({ classes, dims, stride: dims, w, b: new Float32Array(classes) });
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  a.forEach((value, at) => {
    const other = b[at]!;
    dot += value * other;
    aa += value * value;
    bb += other * other;
  });
  return dot / Math.sqrt(aa * bb);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

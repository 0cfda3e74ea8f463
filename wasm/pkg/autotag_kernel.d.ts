/* tslint:disable */
/* eslint-disable */

/**
 * HOG + HSV features, without parameters.
 */
export class HogKernel {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Where the features are after [`HogKernel::run`], `[2,400]`.
     */
    features(): number;
    /**
     * Room for a photo and its features.
     */
    constructor();
    /**
     * Where to write the photo, `[128 × 128 × 3]` bytes of linear memory.
     */
    photo(): number;
    /**
     * Describes the photo.
     */
    run(): void;
}

/**
 * A batch of rows of features, f32.
 */
export class LinearBatch {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Takes rows of bytes: `x = offset + scale · value`, with `scales` `[rows × 2]`.
     */
    dequantise(values: Uint8Array | number[], scales: Float32Array | number[]): void;
    /**
     * Takes `rows` rows into use: where to write them, `[rows × dims]`.
     */
    fill(rows: number): number;
    /**
     * Whether all numbers of the rows in use are finite.
     */
    is_finite(): boolean;
    /**
     * Room for `capacity` rows of `dims` features.
     */
    constructor(capacity: number, dims: number);
    /**
     * Rows in use.
     */
    rows(): number;
    /**
     * Where the rows in use are.
     */
    x(): number;
}

/**
 * A block of classes that learns.
 */
export class LinearLearner {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Whether the targets of `rows` rows are 1, −1 or 0.
     */
    has_targets(rows: number): boolean;
    /**
     * Sets the classifiers: weights `[classes × dims]`, offsets `[classes]`.
     */
    load(weights: Float32Array | number[], offsets: Float32Array | number[]): void;
    /**
     * Sets the averages.
     */
    load_averages(weights: Float32Array | number[], offsets: Float32Array | number[]): void;
    /**
     * Where the objective of each class is after a step, `[classes]`.
     */
    losses(): number;
    /**
     * Margins `[rows × classes]` of a batch, by the weights or their averages.
     */
    margins(batch: LinearBatch, averages: boolean): Float32Array;
    /**
     * Classifiers at zero, with room for batches of `capacity` rows.
     */
    constructor(capacity: number, dims: number, classes: number);
    /**
     * The offsets, or their averages, `[classes]`.
     */
    offsets(averages: boolean): Float32Array;
    /**
     * Where to write the step size of each class, `[classes]`.
     */
    rates(): number;
    /**
     * Learns from a batch and its targets.
     */
    step(batch: LinearBatch, decay: number, normaliser: number, averaging: number): void;
    /**
     * Where to write the targets of the next batch, `[rows × classes]`.
     */
    targets(): number;
    /**
     * Sets what a positive and a negative of each class weigh, `[classes × 2]`.
     */
    weigh(weights: Float32Array | number[]): void;
    /**
     * The weights, or their averages, `[classes × dims]`.
     */
    weights(averages: boolean): Float32Array;
}

/**
 * A whitening transform, ready to run.
 */
export class LinearProjection {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Packs a transform `[dims × dims]`, with scratch for `capacity` rows.
     */
    constructor(capacity: number, mean: Float32Array | number[], transform: Float32Array | number[]);
    /**
     * Projects a batch into another.
     */
    project(from: LinearBatch, to: LinearBatch): void;
    /**
     * Classifiers `[classes × dims]`, `[classes]` of whitened features to classifiers of features, in place.
     */
    to_raw(weights: Float32Array, offsets: Float32Array): void;
    /**
     * Classifiers of features to classifiers of whitened features, in place.
     */
    to_whitened(weights: Float32Array, offsets: Float32Array): void;
}

/**
 * Sums over rows: how many, Σx, and the lower triangle of Σxxᵀ.
 */
export class LinearStatistics {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Adds the rows of a batch.
     */
    add(batch: LinearBatch): void;
    /**
     * Sums of no rows.
     */
    constructor(dims: number);
    /**
     * Where the triangle is, `[dims · (dims + 1) / 2]`.
     */
    products(): number;
    /**
     * Rows added so far.
     */
    rows(): number;
    /**
     * Where Σx is, `[dims]`.
     */
    sum(): number;
}

/**
 * The mean and the triangular transform that give features of covariance 1.
 */
export class LinearWhitening {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Where the means are, `[dims]`.
     */
    mean(): number;
    /**
     * From sums over rows. The error is the feature at which the correlation is not positive definite.
     */
    constructor(rows: number, sum: Float64Array | number[], products: Float64Array | number[], shrinkage: number);
    /**
     * Where the transform is, `[dims × dims]`.
     */
    transform(): number;
}

/**
 * How a convolution's sums become activations: `clamp(round(sum · multiplier), low, high)`, sums starting at the bias.
 */
export class Requantise {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Constants for `bias.len()` outputs, a multiple of 8.
     */
    constructor(bias: Int32Array | number[], multiplier: Float32Array | number[], low: number, high: number);
}

/**
 * Scores a batch of photos.
 */
export class Scorer {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Takes photos: bytes `[photos × dims]`, scales `[photos × 2]`.
     */
    begin(dims: number, values: Uint8Array | number[], scales: Float32Array | number[], classes: number): void;
    /**
     * Where the margins are, `[photos × classes]`.
     */
    margins(): number;
    /**
     * Room for no photos yet.
     */
    constructor();
    /**
     * Scores them by classes from `first` on: `[classes / 8][⌈dims / 2⌉][8][2]`, constants `[classes / 8][3][8]`.
     */
    score(first: number, panels: Int16Array | number[], constants: Float32Array | number[]): void;
}

/**
 * A convolutional trunk, built step by step; errors are sentences.
 */
export class TrunkKernel {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Appends a depthwise convolution: weights `[kernel × kernel × channels]`.
     */
    depthwise(kernel: number, stride: number, weights: Int16Array | number[], requantise: Requantise): void;
    /**
     * How many features there are.
     */
    dims(): number;
    /**
     * Where the features are after the last step.
     */
    features(): number;
    /**
     * Ends the trunk with a global average pool and makes it ready; returns its steps, the pool included.
     */
    finish(scale: number): number;
    /**
     * A trunk for photos of `[rows × columns × 3]` bytes.
     */
    constructor(rows: number, columns: number);
    /**
     * Where to write the photo, `[rows × columns × 3]` bytes of linear memory.
     */
    photo(): number;
    /**
     * Appends a pointwise convolution: weights `[outputs × inputs]`; `residual` is the step whose output is added.
     */
    pointwise(residual: number | null | undefined, weights: Int16Array | number[], requantise: Requantise): void;
    /**
     * Runs steps `from .. to`.
     */
    run(from: number, to: number): void;
    /**
     * Appends the stem: weights `[outputs × kernel × kernel × 3]`, a byte enters as `value − offset`.
     */
    stem(kernel: number, stride: number, offset: number, weights: Int16Array | number[], requantise: Requantise): void;
}

/**
 * A square sliding window with TensorFlow's SAME padding.
 */
export class Window {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * A `kernel × kernel` window over `rows × columns`, `stride` apart.
     */
    constructor(rows: number, columns: number, kernel: number, stride: number);
}

/**
 * The pool kernel alone, on `[pixels × channels]`.
 */
export function average(input: Int16Array | number[], channels: number, scale: number): Float32Array;

/**
 * The depthwise kernel alone, on `[rows × columns × channels]`.
 */
export function depthwise(input: Int16Array | number[], window: Window, weights: Int16Array | number[], requantise: Requantise): Int16Array;

/**
 * The pointwise kernel alone, on `[pixels × inputs]`.
 */
export function pointwise(input: Int16Array | number[], inputs: number, residual: Int16Array | number[] | null | undefined, weights: Int16Array | number[], requantise: Requantise): Int16Array;

/**
 * The stem kernel alone, on a photo `[rows × columns × 3]`.
 */
export function stem(photo: Uint8Array | number[], window: Window, offset: number, weights: Int16Array | number[], requantise: Requantise): Int16Array;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_hogkernel_free: (a: number, b: number) => void;
    readonly __wbg_linearbatch_free: (a: number, b: number) => void;
    readonly __wbg_linearlearner_free: (a: number, b: number) => void;
    readonly __wbg_linearprojection_free: (a: number, b: number) => void;
    readonly __wbg_linearstatistics_free: (a: number, b: number) => void;
    readonly __wbg_linearwhitening_free: (a: number, b: number) => void;
    readonly __wbg_requantise_free: (a: number, b: number) => void;
    readonly __wbg_scorer_free: (a: number, b: number) => void;
    readonly __wbg_trunkkernel_free: (a: number, b: number) => void;
    readonly __wbg_window_free: (a: number, b: number) => void;
    readonly average: (a: number, b: number, c: number, d: number) => [number, number];
    readonly depthwise: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number, number];
    readonly hogkernel_features: (a: number) => number;
    readonly hogkernel_new: () => number;
    readonly hogkernel_photo: (a: number) => number;
    readonly hogkernel_run: (a: number) => void;
    readonly linearbatch_dequantise: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly linearbatch_fill: (a: number, b: number) => number;
    readonly linearbatch_is_finite: (a: number) => number;
    readonly linearbatch_new: (a: number, b: number) => number;
    readonly linearbatch_rows: (a: number) => number;
    readonly linearbatch_x: (a: number) => number;
    readonly linearlearner_has_targets: (a: number, b: number) => number;
    readonly linearlearner_load: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly linearlearner_load_averages: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly linearlearner_losses: (a: number) => number;
    readonly linearlearner_margins: (a: number, b: number, c: number) => [number, number];
    readonly linearlearner_new: (a: number, b: number, c: number) => number;
    readonly linearlearner_offsets: (a: number, b: number) => [number, number];
    readonly linearlearner_rates: (a: number) => number;
    readonly linearlearner_step: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly linearlearner_targets: (a: number) => number;
    readonly linearlearner_weigh: (a: number, b: number, c: number) => void;
    readonly linearlearner_weights: (a: number, b: number) => [number, number];
    readonly linearprojection_new: (a: number, b: number, c: number, d: number, e: number) => number;
    readonly linearprojection_project: (a: number, b: number, c: number) => void;
    readonly linearprojection_to_raw: (a: number, b: number, c: number, d: any, e: number, f: number, g: any) => void;
    readonly linearprojection_to_whitened: (a: number, b: number, c: number, d: any, e: number, f: number, g: any) => void;
    readonly linearstatistics_add: (a: number, b: number) => void;
    readonly linearstatistics_new: (a: number) => number;
    readonly linearstatistics_products: (a: number) => number;
    readonly linearstatistics_rows: (a: number) => number;
    readonly linearstatistics_sum: (a: number) => number;
    readonly linearwhitening_mean: (a: number) => number;
    readonly linearwhitening_new: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly linearwhitening_transform: (a: number) => number;
    readonly pointwise: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number, number];
    readonly requantise_new: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly scorer_begin: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => void;
    readonly scorer_margins: (a: number) => number;
    readonly scorer_new: () => number;
    readonly scorer_score: (a: number, b: number, c: number, d: number, e: number, f: number) => void;
    readonly stem: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number, number];
    readonly trunkkernel_depthwise: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number];
    readonly trunkkernel_dims: (a: number) => number;
    readonly trunkkernel_features: (a: number) => number;
    readonly trunkkernel_finish: (a: number, b: number) => [number, number, number];
    readonly trunkkernel_new: (a: number, b: number) => number;
    readonly trunkkernel_photo: (a: number) => number;
    readonly trunkkernel_pointwise: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly trunkkernel_run: (a: number, b: number, c: number) => void;
    readonly trunkkernel_stem: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number];
    readonly window_same: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;

/* tslint:disable */
/* eslint-disable */

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
 * Memory for scoring: a batch's features, one tile of classes, and the tile's margins.
 */
export class ScoreTile {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Where the margins are after [`ScoreTile::run`], `[photos × classes]`.
     */
    margins(): number;
    /**
     * Room for `photos × dims` features and `classes` rows of `stride` floats.
     */
    constructor(photos: number, dims: number, stride: number, classes: number);
    /**
     * Where to write the tile's offsets, `[classes]`.
     */
    offsets(): number;
    /**
     * Scores the first `photos` photos against the first `classes` classes; margins lie `classes` apart.
     */
    run(photos: number, classes: number): void;
    /**
     * Where to write the tile's weights, `[classes × stride]`.
     */
    weights(): number;
    /**
     * Where to write the features, `[photos × dims]`.
     */
    x(): number;
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
    readonly __wbg_requantise_free: (a: number, b: number) => void;
    readonly __wbg_scoretile_free: (a: number, b: number) => void;
    readonly __wbg_trunkkernel_free: (a: number, b: number) => void;
    readonly __wbg_window_free: (a: number, b: number) => void;
    readonly average: (a: number, b: number, c: number, d: number) => [number, number];
    readonly depthwise: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number, number];
    readonly pointwise: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number, number];
    readonly requantise_new: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly scoretile_margins: (a: number) => number;
    readonly scoretile_new: (a: number, b: number, c: number, d: number) => number;
    readonly scoretile_offsets: (a: number) => number;
    readonly scoretile_run: (a: number, b: number, c: number) => void;
    readonly scoretile_weights: (a: number) => number;
    readonly scoretile_x: (a: number) => number;
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

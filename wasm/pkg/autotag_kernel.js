/* @ts-self-types="./autotag_kernel.d.ts" */

/**
 * HOG + HSV features, without parameters.
 */
export class HogKernel {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        HogKernelFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_hogkernel_free(ptr, 0);
    }
    /**
     * Where the features are after [`HogKernel::run`], `[2,400]`.
     * @returns {number}
     */
    features() {
        const ret = wasm.hogkernel_features(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Room for a photo and its features.
     */
    constructor() {
        const ret = wasm.hogkernel_new();
        this.__wbg_ptr = ret;
        HogKernelFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Where to write the photo, `[128 × 128 × 3]` bytes of linear memory.
     * @returns {number}
     */
    photo() {
        const ret = wasm.hogkernel_photo(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Describes the photo.
     */
    run() {
        wasm.hogkernel_run(this.__wbg_ptr);
    }
}
if (Symbol.dispose) HogKernel.prototype[Symbol.dispose] = HogKernel.prototype.free;

/**
 * A batch of rows of features, f32.
 */
export class LinearBatch {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        LinearBatchFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_linearbatch_free(ptr, 0);
    }
    /**
     * Takes rows of bytes: `x = offset + scale · value`, with `scales` `[rows × 2]`.
     * @param {Uint8Array | number[]} values
     * @param {Float32Array | number[]} scales
     */
    dequantise(values, scales) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(values, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(scales, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        wasm.linearbatch_dequantise(this.__wbg_ptr, ptr0, len0, ptr1, len1);
    }
    /**
     * Takes `rows` rows into use: where to write them, `[rows × dims]`.
     * @param {number} rows
     * @returns {number}
     */
    fill(rows) {
        const ret = wasm.linearbatch_fill(this.__wbg_ptr, rows);
        return ret >>> 0;
    }
    /**
     * Whether all numbers of the rows in use are finite.
     * @returns {boolean}
     */
    is_finite() {
        const ret = wasm.linearbatch_is_finite(this.__wbg_ptr);
        return ret !== 0;
    }
    /**
     * Room for `capacity` rows of `dims` features.
     * @param {number} capacity
     * @param {number} dims
     */
    constructor(capacity, dims) {
        const ret = wasm.linearbatch_new(capacity, dims);
        this.__wbg_ptr = ret;
        LinearBatchFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Rows in use.
     * @returns {number}
     */
    rows() {
        const ret = wasm.linearbatch_rows(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Where the rows in use are.
     * @returns {number}
     */
    x() {
        const ret = wasm.linearbatch_x(this.__wbg_ptr);
        return ret >>> 0;
    }
}
if (Symbol.dispose) LinearBatch.prototype[Symbol.dispose] = LinearBatch.prototype.free;

/**
 * A block of classes that learns.
 */
export class LinearLearner {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        LinearLearnerFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_linearlearner_free(ptr, 0);
    }
    /**
     * Whether the targets of `rows` rows are 1, −1 or 0.
     * @param {number} rows
     * @returns {boolean}
     */
    has_targets(rows) {
        const ret = wasm.linearlearner_has_targets(this.__wbg_ptr, rows);
        return ret !== 0;
    }
    /**
     * Sets the classifiers: weights `[classes × dims]`, offsets `[classes]`.
     * @param {Float32Array | number[]} weights
     * @param {Float32Array | number[]} offsets
     */
    load(weights, offsets) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayF32ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(offsets, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        wasm.linearlearner_load(this.__wbg_ptr, ptr0, len0, ptr1, len1);
    }
    /**
     * Sets the averages.
     * @param {Float32Array | number[]} weights
     * @param {Float32Array | number[]} offsets
     */
    load_averages(weights, offsets) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayF32ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(offsets, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        wasm.linearlearner_load_averages(this.__wbg_ptr, ptr0, len0, ptr1, len1);
    }
    /**
     * Where the objective of each class is after a step, `[classes]`.
     * @returns {number}
     */
    losses() {
        const ret = wasm.linearlearner_losses(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Margins `[rows × classes]` of a batch, by the weights or their averages.
     * @param {LinearBatch} batch
     * @param {boolean} averages
     * @returns {Float32Array}
     */
    margins(batch, averages) {
        _assertClass(batch, LinearBatch);
        const ret = wasm.linearlearner_margins(this.__wbg_ptr, batch.__wbg_ptr, averages);
        var v1 = getArrayF32FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * Classifiers at zero, with room for batches of `capacity` rows.
     * @param {number} capacity
     * @param {number} dims
     * @param {number} classes
     */
    constructor(capacity, dims, classes) {
        const ret = wasm.linearlearner_new(capacity, dims, classes);
        this.__wbg_ptr = ret;
        LinearLearnerFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * The offsets, or their averages, `[classes]`.
     * @param {boolean} averages
     * @returns {Float32Array}
     */
    offsets(averages) {
        const ret = wasm.linearlearner_offsets(this.__wbg_ptr, averages);
        var v1 = getArrayF32FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * Where to write the step size of each class, `[classes]`.
     * @returns {number}
     */
    rates() {
        const ret = wasm.linearlearner_rates(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Learns from a batch and its targets.
     * @param {LinearBatch} batch
     * @param {number} decay
     * @param {number} normaliser
     * @param {number} averaging
     */
    step(batch, decay, normaliser, averaging) {
        _assertClass(batch, LinearBatch);
        wasm.linearlearner_step(this.__wbg_ptr, batch.__wbg_ptr, decay, normaliser, averaging);
    }
    /**
     * Where to write the targets of the next batch, `[rows × classes]`.
     * @returns {number}
     */
    targets() {
        const ret = wasm.linearlearner_targets(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Sets what a positive and a negative of each class weigh, `[classes × 2]`.
     * @param {Float32Array | number[]} weights
     */
    weigh(weights) {
        const ptr0 = passArrayF32ToWasm0(weights, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        wasm.linearlearner_weigh(this.__wbg_ptr, ptr0, len0);
    }
    /**
     * The weights, or their averages, `[classes × dims]`.
     * @param {boolean} averages
     * @returns {Float32Array}
     */
    weights(averages) {
        const ret = wasm.linearlearner_weights(this.__wbg_ptr, averages);
        var v1 = getArrayF32FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
}
if (Symbol.dispose) LinearLearner.prototype[Symbol.dispose] = LinearLearner.prototype.free;

/**
 * A whitening transform, ready to run.
 */
export class LinearProjection {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        LinearProjectionFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_linearprojection_free(ptr, 0);
    }
    /**
     * Packs a transform `[dims × dims]`, with scratch for `capacity` rows.
     * @param {number} capacity
     * @param {Float32Array | number[]} mean
     * @param {Float32Array | number[]} transform
     */
    constructor(capacity, mean, transform) {
        const val3 = +capacity;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayF32ToWasm0(mean, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(transform, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        const ret = wasm.linearprojection_new(val3, ptr0, len0, ptr1, len1);
        this.__wbg_ptr = ret;
        LinearProjectionFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Projects a batch into another.
     * @param {LinearBatch} from
     * @param {LinearBatch} to
     */
    project(from, to) {
        _assertClass(from, LinearBatch);
        _assertClass(to, LinearBatch);
        wasm.linearprojection_project(this.__wbg_ptr, from.__wbg_ptr, to.__wbg_ptr);
    }
    /**
     * Classifiers `[classes × dims]`, `[classes]` of whitened features to classifiers of features, in place.
     * @param {Float32Array} weights
     * @param {Float32Array} offsets
     */
    to_raw(weights, offsets) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayF32ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(offsets, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        wasm.linearprojection_to_raw(this.__wbg_ptr, ptr0, len0, weights, ptr1, len1, offsets);
    }
    /**
     * Classifiers of features to classifiers of whitened features, in place.
     * @param {Float32Array} weights
     * @param {Float32Array} offsets
     */
    to_whitened(weights, offsets) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayF32ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(offsets, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        wasm.linearprojection_to_whitened(this.__wbg_ptr, ptr0, len0, weights, ptr1, len1, offsets);
    }
}
if (Symbol.dispose) LinearProjection.prototype[Symbol.dispose] = LinearProjection.prototype.free;

/**
 * Sums over rows: how many, Σx, and the lower triangle of Σxxᵀ.
 */
export class LinearStatistics {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        LinearStatisticsFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_linearstatistics_free(ptr, 0);
    }
    /**
     * Adds the rows of a batch.
     * @param {LinearBatch} batch
     */
    add(batch) {
        _assertClass(batch, LinearBatch);
        wasm.linearstatistics_add(this.__wbg_ptr, batch.__wbg_ptr);
    }
    /**
     * Sums of no rows.
     * @param {number} dims
     */
    constructor(dims) {
        const ret = wasm.linearstatistics_new(dims);
        this.__wbg_ptr = ret;
        LinearStatisticsFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Where the triangle is, `[dims · (dims + 1) / 2]`.
     * @returns {number}
     */
    products() {
        const ret = wasm.linearstatistics_products(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Rows added so far.
     * @returns {number}
     */
    rows() {
        const ret = wasm.linearstatistics_rows(this.__wbg_ptr);
        return ret;
    }
    /**
     * Where Σx is, `[dims]`.
     * @returns {number}
     */
    sum() {
        const ret = wasm.linearstatistics_sum(this.__wbg_ptr);
        return ret >>> 0;
    }
}
if (Symbol.dispose) LinearStatistics.prototype[Symbol.dispose] = LinearStatistics.prototype.free;

/**
 * The mean and the triangular transform that give features of covariance 1.
 */
export class LinearWhitening {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        LinearWhiteningFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_linearwhitening_free(ptr, 0);
    }
    /**
     * Where the means are, `[dims]`.
     * @returns {number}
     */
    mean() {
        const ret = wasm.linearwhitening_mean(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * From sums over rows. The error is the feature at which the correlation is not positive definite.
     * @param {number} rows
     * @param {Float64Array | number[]} sum
     * @param {Float64Array | number[]} products
     * @param {number} shrinkage
     */
    constructor(rows, sum, products, shrinkage) {
        const val3 = +rows;
        const val4 = +shrinkage;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayF64ToWasm0(sum, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF64ToWasm0(products, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 8, 8); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 8, 8); }
            throw e;
        }
        const ret = wasm.linearwhitening_new(val3, ptr0, len0, ptr1, len1, val4);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        LinearWhiteningFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Where the transform is, `[dims × dims]`.
     * @returns {number}
     */
    transform() {
        const ret = wasm.linearwhitening_transform(this.__wbg_ptr);
        return ret >>> 0;
    }
}
if (Symbol.dispose) LinearWhitening.prototype[Symbol.dispose] = LinearWhitening.prototype.free;

/**
 * How a convolution's sums become activations: `clamp(round(sum · multiplier), low, high)`, sums starting at the bias.
 */
export class Requantise {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        RequantiseFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_requantise_free(ptr, 0);
    }
    /**
     * Constants for `bias.len()` outputs, a multiple of 8.
     * @param {Int32Array | number[]} bias
     * @param {Float32Array | number[]} multiplier
     * @param {number} low
     * @param {number} high
     */
    constructor(bias, multiplier, low, high) {
        const val3 = +low;
        const val4 = +high;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray32ToWasm0(bias, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(multiplier, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        const ret = wasm.requantise_new(ptr0, len0, ptr1, len1, val3, val4);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        RequantiseFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
}
if (Symbol.dispose) Requantise.prototype[Symbol.dispose] = Requantise.prototype.free;

/**
 * Scores a batch of photos.
 */
export class Scorer {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        ScorerFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_scorer_free(ptr, 0);
    }
    /**
     * Takes photos: bytes `[photos × dims]`, scales `[photos × 2]`.
     * @param {number} dims
     * @param {Uint8Array | number[]} values
     * @param {Float32Array | number[]} scales
     * @param {number} classes
     */
    begin(dims, values, scales, classes) {
        const val3 = +dims;
        const val4 = +classes;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(values, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(scales, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        wasm.scorer_begin(this.__wbg_ptr, val3, ptr0, len0, ptr1, len1, val4);
    }
    /**
     * Where the margins are, `[photos × classes]`.
     * @returns {number}
     */
    margins() {
        const ret = wasm.scorer_margins(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Room for no photos yet.
     */
    constructor() {
        const ret = wasm.scorer_new();
        this.__wbg_ptr = ret;
        ScorerFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Scores them by classes from `first` on: `[classes / 8][⌈dims / 2⌉][8][2]`, constants `[classes / 8][3][8]`.
     * @param {number} first
     * @param {Int16Array | number[]} panels
     * @param {Float32Array | number[]} constants
     */
    score(first, panels, constants) {
        const val3 = +first;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray16ToWasm0(panels, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayF32ToWasm0(constants, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 2, 2); }
            throw e;
        }
        wasm.scorer_score(this.__wbg_ptr, val3, ptr0, len0, ptr1, len1);
    }
}
if (Symbol.dispose) Scorer.prototype[Symbol.dispose] = Scorer.prototype.free;

/**
 * A convolutional trunk, built step by step; errors are sentences.
 */
export class TrunkKernel {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        TrunkKernelFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_trunkkernel_free(ptr, 0);
    }
    /**
     * Appends a depthwise convolution: weights `[kernel × kernel × channels]`.
     * @param {number} kernel
     * @param {number} stride
     * @param {Int16Array | number[]} weights
     * @param {Requantise} requantise
     */
    depthwise(kernel, stride, weights, requantise) {
        const val3 = +kernel;
        const val4 = +stride;
        let ptr0, len0, ptr1;
        try {
            ptr0 = passArray16ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            _assertClass(requantise, Requantise);
            ptr1 = requantise.__destroy_into_raw();
        } catch (e) {
            if (ptr1) wasm.__wbg_requantise_free(ptr1, 1);
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 2, 2); }
            throw e;
        }
        const ret = wasm.trunkkernel_depthwise(this.__wbg_ptr, val3, val4, ptr0, len0, ptr1);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * How many features there are.
     * @returns {number}
     */
    dims() {
        const ret = wasm.trunkkernel_dims(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Where the features are after the last step.
     * @returns {number}
     */
    features() {
        const ret = wasm.trunkkernel_features(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Ends the trunk with a global average pool and makes it ready; returns its steps, the pool included.
     * @param {number} scale
     * @returns {number}
     */
    finish(scale) {
        const ret = wasm.trunkkernel_finish(this.__wbg_ptr, scale);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] >>> 0;
    }
    /**
     * A trunk for photos of `[rows × columns × 3]` bytes.
     * @param {number} rows
     * @param {number} columns
     */
    constructor(rows, columns) {
        const ret = wasm.trunkkernel_new(rows, columns);
        this.__wbg_ptr = ret;
        TrunkKernelFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
    /**
     * Where to write the photo, `[rows × columns × 3]` bytes of linear memory.
     * @returns {number}
     */
    photo() {
        const ret = wasm.trunkkernel_photo(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Appends a pointwise convolution: weights `[outputs × inputs]`; `residual` is the step whose output is added.
     * @param {number | null | undefined} residual
     * @param {Int16Array | number[]} weights
     * @param {Requantise} requantise
     */
    pointwise(residual, weights, requantise) {
        const val3 = +(isLikeNone(residual) ? Number.MAX_SAFE_INTEGER : (residual) >>> 0);
        let ptr0, len0, ptr1;
        try {
            ptr0 = passArray16ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            _assertClass(requantise, Requantise);
            ptr1 = requantise.__destroy_into_raw();
        } catch (e) {
            if (ptr1) wasm.__wbg_requantise_free(ptr1, 1);
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 2, 2); }
            throw e;
        }
        const ret = wasm.trunkkernel_pointwise(this.__wbg_ptr, val3, ptr0, len0, ptr1);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Runs steps `from .. to`.
     * @param {number} from
     * @param {number} to
     */
    run(from, to) {
        wasm.trunkkernel_run(this.__wbg_ptr, from, to);
    }
    /**
     * Appends the stem: weights `[outputs × kernel × kernel × 3]`, a byte enters as `value − offset`.
     * @param {number} kernel
     * @param {number} stride
     * @param {number} offset
     * @param {Int16Array | number[]} weights
     * @param {Requantise} requantise
     */
    stem(kernel, stride, offset, weights, requantise) {
        const val3 = +kernel;
        const val4 = +stride;
        const val5 = +offset;
        let ptr0, len0, ptr1;
        try {
            ptr0 = passArray16ToWasm0(weights, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            _assertClass(requantise, Requantise);
            ptr1 = requantise.__destroy_into_raw();
        } catch (e) {
            if (ptr1) wasm.__wbg_requantise_free(ptr1, 1);
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 2, 2); }
            throw e;
        }
        const ret = wasm.trunkkernel_stem(this.__wbg_ptr, val3, val4, val5, ptr0, len0, ptr1);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
}
if (Symbol.dispose) TrunkKernel.prototype[Symbol.dispose] = TrunkKernel.prototype.free;

/**
 * A square sliding window with TensorFlow's SAME padding.
 */
export class Window {
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        WindowFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_window_free(ptr, 0);
    }
    /**
     * A `kernel × kernel` window over `rows × columns`, `stride` apart.
     * @param {number} rows
     * @param {number} columns
     * @param {number} kernel
     * @param {number} stride
     */
    constructor(rows, columns, kernel, stride) {
        const ret = wasm.window_same(rows, columns, kernel, stride);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        this.__wbg_ptr = ret[0];
        WindowFinalization.register(this, this.__wbg_ptr, this);
        return this;
    }
}
if (Symbol.dispose) Window.prototype[Symbol.dispose] = Window.prototype.free;

/**
 * The pool kernel alone, on `[pixels × channels]`.
 * @param {Int16Array | number[]} input
 * @param {number} channels
 * @param {number} scale
 * @returns {Float32Array}
 */
export function average(input, channels, scale) {
    const val2 = +channels;
    const val3 = +scale;
    const ptr0 = passArray16ToWasm0(input, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.average(ptr0, len0, val2, val3);
    var v4 = getArrayF32FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
    return v4;
}

/**
 * The depthwise kernel alone, on `[rows × columns × channels]`.
 * @param {Int16Array | number[]} input
 * @param {Window} window
 * @param {Int16Array | number[]} weights
 * @param {Requantise} requantise
 * @returns {Int16Array}
 */
export function depthwise(input, window, weights, requantise) {
    _assertClass(window, Window);
    let ptr0, len0, ptr1, len1, ptr2;
    try {
        ptr0 = passArray16ToWasm0(input, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray16ToWasm0(weights, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
        _assertClass(requantise, Requantise);
        ptr2 = requantise.__destroy_into_raw();
    } catch (e) {
        if (ptr2) wasm.__wbg_requantise_free(ptr2, 1);
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 2, 2); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 2, 2); }
        throw e;
    }
    const ret = wasm.depthwise(ptr0, len0, window.__wbg_ptr, ptr1, len1, ptr2);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v4 = getArrayI16FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 2, 2);
    return v4;
}

/**
 * The pointwise kernel alone, on `[pixels × inputs]`.
 * @param {Int16Array | number[]} input
 * @param {number} inputs
 * @param {Int16Array | number[] | null | undefined} residual
 * @param {Int16Array | number[]} weights
 * @param {Requantise} requantise
 * @returns {Int16Array}
 */
export function pointwise(input, inputs, residual, weights, requantise) {
    const val5 = +inputs;
    let ptr0, len0, ptr1, len1, ptr2, len2, ptr3;
    try {
        ptr0 = passArray16ToWasm0(input, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = isLikeNone(residual) ? 0 : passArray16ToWasm0(residual, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
        ptr2 = passArray16ToWasm0(weights, wasm.__wbindgen_malloc);
        len2 = WASM_VECTOR_LEN;
        _assertClass(requantise, Requantise);
        ptr3 = requantise.__destroy_into_raw();
    } catch (e) {
        if (ptr3) wasm.__wbg_requantise_free(ptr3, 1);
        if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 2, 2); }
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 2, 2); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 2, 2); }
        throw e;
    }
    const ret = wasm.pointwise(ptr0, len0, val5, ptr1, len1, ptr2, len2, ptr3);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v6 = getArrayI16FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 2, 2);
    return v6;
}

/**
 * The stem kernel alone, on a photo `[rows × columns × 3]`.
 * @param {Uint8Array | number[]} photo
 * @param {Window} window
 * @param {number} offset
 * @param {Int16Array | number[]} weights
 * @param {Requantise} requantise
 * @returns {Int16Array}
 */
export function stem(photo, window, offset, weights, requantise) {
    _assertClass(window, Window);
    const val4 = +offset;
    let ptr0, len0, ptr1, len1, ptr2;
    try {
        ptr0 = passArray8ToWasm0(photo, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray16ToWasm0(weights, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
        _assertClass(requantise, Requantise);
        ptr2 = requantise.__destroy_into_raw();
    } catch (e) {
        if (ptr2) wasm.__wbg_requantise_free(ptr2, 1);
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 2, 2); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
        throw e;
    }
    const ret = wasm.stem(ptr0, len0, window.__wbg_ptr, val4, ptr1, len1, ptr2);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v5 = getArrayI16FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 2, 2);
    return v5;
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg___wbindgen_copy_to_typed_array_680b191e71920dc1: function(arg0, arg1, arg2) {
            new Uint8Array(arg2.buffer, arg2.byteOffset, arg2.byteLength).set(getArrayU8FromWasm0(arg0, arg1));
        },
        __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
            throw new Error(getStringFromWasm0(arg0, arg1));
        },
        __wbindgen_generic_0000000000000001: function(arg0) {
            // Cast intrinsic for `F64 -> Externref`.
            const ret = arg0;
            return ret;
        },
        __wbindgen_generic_0000000000000002: function(arg0, arg1) {
            // Cast intrinsic for `Ref(String) -> Externref`.
            const ret = getStringFromWasm0(arg0, arg1);
            return ret;
        },
        __wbindgen_init_externref_table: function() {
            const table = wasm.__wbindgen_externrefs;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
    };
    return {
        __proto__: null,
        "./autotag_kernel_bg.js": import0,
    };
}

const HogKernelFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_hogkernel_free(ptr, 1));
const LinearBatchFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_linearbatch_free(ptr, 1));
const LinearLearnerFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_linearlearner_free(ptr, 1));
const LinearProjectionFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_linearprojection_free(ptr, 1));
const LinearStatisticsFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_linearstatistics_free(ptr, 1));
const LinearWhiteningFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_linearwhitening_free(ptr, 1));
const RequantiseFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_requantise_free(ptr, 1));
const ScorerFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_scorer_free(ptr, 1));
const TrunkKernelFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_trunkkernel_free(ptr, 1));
const WindowFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_window_free(ptr, 1));

function _assertClass(instance, klass) {
    if (!(instance instanceof klass)) {
        throw new Error(`expected instance of ${klass.name}`);
    }
}

function getArrayF32FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getFloat32ArrayMemory0().subarray(ptr / 4, ptr / 4 + len);
}

function getArrayI16FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getInt16ArrayMemory0().subarray(ptr / 2, ptr / 2 + len);
}

function getArrayU8FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint8ArrayMemory0().subarray(ptr / 1, ptr / 1 + len);
}

let cachedFloat32ArrayMemory0 = null;
function getFloat32ArrayMemory0() {
    if (cachedFloat32ArrayMemory0 === null || cachedFloat32ArrayMemory0.byteLength === 0) {
        cachedFloat32ArrayMemory0 = new Float32Array(wasm.memory.buffer);
    }
    return cachedFloat32ArrayMemory0;
}

let cachedFloat64ArrayMemory0 = null;
function getFloat64ArrayMemory0() {
    if (cachedFloat64ArrayMemory0 === null || cachedFloat64ArrayMemory0.byteLength === 0) {
        cachedFloat64ArrayMemory0 = new Float64Array(wasm.memory.buffer);
    }
    return cachedFloat64ArrayMemory0;
}

let cachedInt16ArrayMemory0 = null;
function getInt16ArrayMemory0() {
    if (cachedInt16ArrayMemory0 === null || cachedInt16ArrayMemory0.byteLength === 0) {
        cachedInt16ArrayMemory0 = new Int16Array(wasm.memory.buffer);
    }
    return cachedInt16ArrayMemory0;
}

function getStringFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}

let cachedUint16ArrayMemory0 = null;
function getUint16ArrayMemory0() {
    if (cachedUint16ArrayMemory0 === null || cachedUint16ArrayMemory0.byteLength === 0) {
        cachedUint16ArrayMemory0 = new Uint16Array(wasm.memory.buffer);
    }
    return cachedUint16ArrayMemory0;
}

let cachedUint32ArrayMemory0 = null;
function getUint32ArrayMemory0() {
    if (cachedUint32ArrayMemory0 === null || cachedUint32ArrayMemory0.byteLength === 0) {
        cachedUint32ArrayMemory0 = new Uint32Array(wasm.memory.buffer);
    }
    return cachedUint32ArrayMemory0;
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function isLikeNone(x) {
    return x === undefined || x === null;
}

function passArray16ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 2, 2) >>> 0;
    getUint16ArrayMemory0().set(arg, ptr / 2);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArray32ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 4, 4) >>> 0;
    getUint32ArrayMemory0().set(arg, ptr / 4);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArray8ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 1, 1) >>> 0;
    getUint8ArrayMemory0().set(arg, ptr / 1);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArrayF32ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 4, 4) >>> 0;
    getFloat32ArrayMemory0().set(arg, ptr / 4);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArrayF64ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 8, 8) >>> 0;
    getFloat64ArrayMemory0().set(arg, ptr / 8);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function takeFromExternrefTable0(idx) {
    const value = wasm.__wbindgen_externrefs.get(idx);
    wasm.__externref_table_dealloc(idx);
    return value;
}

let cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
cachedTextDecoder.decode();
const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
function decodeText(bytes) {
    numBytesDecoded += bytes.length;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        cachedTextDecoder.decode();
        numBytesDecoded = bytes.length;
    }
    return cachedTextDecoder.decode(bytes);
}

let WASM_VECTOR_LEN = 0;

let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
    wasmInstance = instance;
    wasm = instance.exports;
    wasmModule = module;
    cachedFloat32ArrayMemory0 = null;
    cachedFloat64ArrayMemory0 = null;
    cachedInt16ArrayMemory0 = null;
    cachedUint16ArrayMemory0 = null;
    cachedUint32ArrayMemory0 = null;
    cachedUint8ArrayMemory0 = null;
    wasm.__wbindgen_start();
    return wasm;
}

async function __wbg_load(module, imports) {
    if (typeof Response === 'function' && module instanceof Response) {
        if (!module.ok) {
            throw new Error(`failed to fetch Wasm: ${module.status} ${module.statusText} fetching '${module.url}'`);
        }

        if (typeof WebAssembly.instantiateStreaming === 'function') {
            try {
                return await WebAssembly.instantiateStreaming(module, imports);
            } catch (e) {
                const validResponse = expectedResponseType(module.type);

                if (validResponse && module.headers.get('Content-Type') !== 'application/wasm') {
                    console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);

                } else { throw e; }
            }
        }

        const bytes = await module.arrayBuffer();
        return await WebAssembly.instantiate(bytes, imports);
    } else {
        const instance = await WebAssembly.instantiate(module, imports);

        if (instance instanceof WebAssembly.Instance) {
            return { instance, module };
        } else {
            return instance;
        }
    }

    function expectedResponseType(type) {
        switch (type) {
            case 'basic': case 'cors': case 'default': return true;
        }
        return false;
    }
}

function initSync(module) {
    if (wasm !== undefined) return wasm;


    if (module !== undefined) {
        if (Object.getPrototypeOf(module) === Object.prototype) {
            ({module} = module)
        } else {
            console.warn('using deprecated parameters for `initSync()`; pass a single object instead')
        }
    }

    const imports = __wbg_get_imports();
    if (!(module instanceof WebAssembly.Module)) {
        module = new WebAssembly.Module(module);
    }
    const instance = new WebAssembly.Instance(module, imports);
    return __wbg_finalize_init(instance, module);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path) {
    if (wasm !== undefined) return wasm;
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path);
        __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path) {

    if (module_or_path !== undefined) {
        if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
            ({module_or_path} = module_or_path)
        } else {
            console.warn('using deprecated parameters for the initialization function; pass a single object instead')
        }
    }

    if (module_or_path === undefined) {
        module_or_path = new URL('autotag_kernel_bg.wasm', import.meta.url);
    }
    const imports = __wbg_get_imports();

    if (typeof module_or_path === 'string' || (typeof Request === 'function' && module_or_path instanceof Request) || (typeof URL === 'function' && module_or_path instanceof URL)) {
        module_or_path = fetch(module_or_path);
    }

    const { instance, module } = await __wbg_load(await module_or_path, imports);

    return __wbg_finalize_init(instance, module);
}

export { initSync, __wbg_init as default };

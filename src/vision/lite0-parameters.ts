import { Fault } from '../base/errors.ts';
import {
  writeParameters,
  type ParameterHeader,
  type StepHeader,
  type StepParameters,
} from './parameter-file.ts';
import { quantise, type Activations, type Affine } from './quantise.ts';
import type { Tensor } from './torch-file.ts';

/** A trunk's parameters and its classifier head, from one checkpoint. */
export interface PackedLite0 {
  /** A parameter file for `Kernel.loadExtractor`. */
  readonly parameters: Uint8Array;
  /** The classes the network was trained on, as linear classifiers `z = w · x − b`. */
  readonly head: {
    /** `[classes × dims]`, row-major */
    readonly w: Float32Array;
    /** `[classes]` */
    readonly b: Float32Array;
  };
}

/** Blocks a stage and the stride of its first block (EfficientNet, Tan and Le 2019, table 1; Lite scales neither stem nor head). */
const stages = [
  { blocks: 1, stride: 1 },
  { blocks: 2, stride: 2 },
  { blocks: 2, stride: 2 },
  { blocks: 3, stride: 2 },
  { blocks: 3, stride: 1 },
  { blocks: 4, stride: 2 },
  { blocks: 1, stride: 1 },
] as const;
const strides = stages.flatMap(({ blocks, stride }) =>
  Array.from({ length: blocks }, (_, block) => (block === 0 ? stride : 1)),
);

const input = { width: 224, height: 224, crop: 224 / 256 };
/** A byte enters as `(value − 127) / 128`. */
const offset = 127;
const inputDivisor = 128;
const batchNormEpsilon = 1e-3;

/** ReLU6 activations: 0 to 6 in 12 bits. */
const reluHigh = 4095;
const reluStep = 6 / reluHigh;
/** Linear bottlenecks: so many standard deviations round their mean, by the batch norm's own statistics, in 14 bits. */
const linearHigh = 8191;
const linearDeviations = 16;

interface Layer {
  /** `[outputs × taps]` in torch's order of taps. */
  readonly affine: Affine;
  readonly shape: readonly number[];
  /** Mean of each output over the training photos. */
  readonly mean: Float64Array;
  /** Standard deviation of each output over the training photos. */
  readonly deviation: Float64Array;
}

interface Block {
  readonly expand: Layer | undefined;
  readonly depthwise: Layer;
  readonly project: Layer;
  readonly stride: number;
  readonly residual: boolean;
}

/**
 * Packs an EfficientNet-Lite checkpoint: folds batch norms, chooses the scale of every tensor from the checkpoint alone, and rounds to
 * 16-bit integers.
 *
 * @param tensors - a state dict by torch's names
 * @throws Fault `WEIGHTS_DAMAGED` when a tensor is missing or has another shape
 */
export function packLite0(tensors: ReadonlyMap<string, Tensor>): PackedLite0 {
  const checkpoint = new Checkpoint(tensors);
  const stem = checkpoint.layer('_conv_stem', '_bn0');
  const blocks = checkpoint.blocks();
  const head = checkpoint.layer('_conv_head', '_bn1');
  const trunk = new TrunkWriter(stem);
  blocks.forEach((block, index) => {
    const starts = !block.residual;
    trunk.block(block, starts ? linearActivations(chainFrom(blocks, index)) : trunk.activations);
  });
  trunk.pointwise(head, reluActivations(head.mean.length), undefined);
  const parameters = trunk.write(head.mean.length);
  return { parameters, head: checkpoint.classifier(head.mean.length) };
}

class Checkpoint {
  readonly #tensors: ReadonlyMap<string, Tensor>;

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    this.#tensors = tensors;
  }

  /** A convolution without bias, followed by a batch norm. */
  layer(convolution: string, norm: string): Layer {
    const { shape, data } = this.#tensor(`${convolution}.weight`);
    const [outputs = 0] = shape;
    const of = (name: string): Float64Array =>
      Float64Array.from(this.#tensor(`${norm}.${name}`, outputs).data);
    const [gamma, beta, mean, variance] = [of('weight'), of('bias'), of('running_mean'), of('running_var')];
    const gain = gamma.map((g, n) => g / Math.sqrt((variance[n] ?? 0) + batchNormEpsilon));
    const taps = data.length / outputs;
    const weights = Float64Array.from(data, (weight, at) => weight * (gain[Math.floor(at / taps)] ?? 0));
    const bias = beta.map((b, n) => b - (mean[n] ?? 0) * (gain[n] ?? 0));
    if (!weights.every(Number.isFinite) || !bias.every(Number.isFinite))
      throw refuse(`${convolution} holds a value that is not a number`);
    return { affine: { weights, bias }, shape, mean: beta, deviation: gamma.map(Math.abs) };
  }

  blocks(): Block[] {
    return strides.map((stride, index) => {
      const name = `_blocks.${String(index)}`;
      const hasExpand = this.#tensors.has(`${name}._expand_conv.weight`);
      const expand = hasExpand ? this.layer(`${name}._expand_conv`, `${name}._bn0`) : undefined;
      const depthwise = this.layer(`${name}._depthwise_conv`, `${name}._bn1`);
      const project = this.layer(`${name}._project_conv`, `${name}._bn2`);
      const inputs = (expand ?? depthwise).shape[expand ? 1 : 0];
      return { expand, depthwise, project, stride, residual: stride === 1 && inputs === project.shape[0] };
    });
  }

  classifier(dims: number): PackedLite0['head'] {
    const { data: w } = this.#tensor('_fc.weight');
    const { data: bias } = this.#tensor('_fc.bias', w.length / dims);
    return { w, b: bias.map((value) => -value) };
  }

  #tensor(name: string, length?: number): Tensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw refuse(`there is no ${name}`);
    if (tensor.data.length === 0 || (length !== undefined && tensor.data.length !== length)) {
      throw refuse(`${name} has ${String(tensor.data.length)} values`);
    }
    return tensor;
  }
}

/** Appends quantised steps, keeping account of how the last activations are scaled. */
class TrunkWriter {
  readonly #headers: StepHeader[] = [];
  readonly #parameters: StepParameters[] = [];
  /** Scale of the last step's output. */
  activations: Activations;

  constructor(stem: Layer) {
    const [outputs = 0, colours = 0, kernel = 0] = stem.shape;
    const affine = {
      ...stem.affine,
      weights: transpose(stem.affine.weights, colours, kernel * kernel),
    };
    this.activations = reluActivations(outputs);
    const bytes = { stepAt: () => 1 / inputDivisor, low: -offset, high: 255 - offset };
    const quantised = quantise(affine, bytes, this.activations.step);
    this.#push({ kind: 'stem', kernel, stride: 2, ...this.#shape(quantised) }, quantised);
  }

  /** An inverted residual; `output` scales its bottleneck. */
  block({ expand, depthwise, project, stride, residual }: Block, output: Activations): void {
    const before = this.#headers.length - 1;
    if (expand) this.pointwise(expand, reluActivations(expand.mean.length), undefined);
    this.#depthwise(depthwise, stride);
    this.pointwise(project, output, residual ? before : undefined);
  }

  pointwise({ affine }: Layer, output: Activations, residual: number | undefined): void {
    const { step, low, high } = this.activations;
    const quantised = quantise(affine, { stepAt: (_output, tap) => step[tap] ?? 0, low, high }, output.step);
    this.activations = output;
    const header = { kind: 'pointwise', ...this.#shape(quantised) } as const;
    this.#push(residual === undefined ? header : { ...header, residual }, quantised);
  }

  write(dims: number): Uint8Array {
    const header: ParameterHeader = {
      extractor: 'lite0',
      version: 1,
      dims,
      input,
      offset,
      scale: reluStep,
      steps: this.#headers,
    };
    return writeParameters(header, this.#parameters);
  }

  #depthwise({ affine, shape }: Layer, stride: number): void {
    const [channels = 0, , kernel = 0] = shape;
    const { step, low, high } = this.activations;
    this.activations = reluActivations(channels);
    const { weights, ...rest } = quantise(
      affine,
      { stepAt: (channel) => step[channel] ?? 0, low, high },
      this.activations.step,
    );
    const quantised = { weights: transpose(weights, channels, kernel * kernel), ...rest };
    this.#push({ kind: 'depthwise', kernel, stride, ...this.#shape(quantised) }, quantised);
  }

  #shape({ weights, bias }: StepParameters): Pick<StepHeader, 'outputs' | 'weights' | 'low' | 'high'> {
    const { low, high } = this.activations;
    return { outputs: bias.length, weights: weights.length, low, high };
  }

  #push(header: StepHeader, parameters: StepParameters): void {
    this.#headers.push(header);
    this.#parameters.push(parameters);
  }
}

/** The blocks from `first` whose bottlenecks are added up: they share one scale. */
function chainFrom(blocks: readonly Block[], first: number): Layer[] {
  const end = blocks.findIndex(({ residual }, index) => index > first && !residual);
  return blocks.slice(first, end < 0 ? undefined : end).map(({ project }) => project);
}

function linearActivations(chain: readonly Layer[]): Activations {
  const channels = chain[0]?.mean.length ?? 0;
  const step = Float64Array.from({ length: channels }, (_, c) => {
    const mean = chain.reduce((sum, layer) => sum + (layer.mean[c] ?? 0), 0);
    const deviation = Math.hypot(...chain.map((layer) => layer.deviation[c] ?? 0));
    return Math.max(Math.abs(mean) + linearDeviations * deviation, 1e-6) / linearHigh;
  });
  return { step, low: -linearHigh, high: linearHigh };
}

function reluActivations(channels: number): Activations {
  return { step: new Float64Array(channels).fill(reluStep), low: 0, high: reluHigh };
}

/** Exchanges the two inner axes of a tensor `[outer × rows × columns]`. */
function transpose<T extends Float64Array | Int16Array>(source: T, rows: number, columns: number): T {
  return source.map((_, at) => {
    const [plane, column, row] = [
      Math.floor(at / (rows * columns)),
      Math.floor(at / rows) % columns,
      at % rows,
    ];
    return source[plane * rows * columns + row * columns + column] ?? 0;
  }) as T;
}

function refuse(reason: string): Fault {
  return new Fault('WEIGHTS_DAMAGED', { file: 'the checkpoint', reason });
}

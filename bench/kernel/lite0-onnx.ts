import type { Tensor } from '../../src/vision/torch-file.ts';
import { writeOnnx, type OnnxNode, type OnnxTensor } from './onnx-file.ts';

const strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1];
const size = 224;

/**
 * The same network as the kernel's, in float and written independently of the kernel's packing: convolutions and batch norms as they
 * are in the checkpoint. Input `rgb` `[1 × 3 × 224 × 224]` of `(value − 127) / 128`, output `features` `[1 × dims × 1 × 1]`.
 */
export function lite0Onnx(checkpoint: ReadonlyMap<string, Tensor>): Uint8Array {
  const graph = new GraphBuilder(checkpoint);
  let x = graph.convolution('rgb', '_conv_stem', '_bn0', 2, 1, true);
  strides.forEach((stride, index) => {
    x = graph.block(x, `_blocks.${String(index)}`, stride);
  });
  x = graph.convolution(x, '_conv_head', '_bn1', 1, 1, true);
  graph.nodes.push({ op: 'GlobalAveragePool', inputs: [x], output: 'features' });
  return writeOnnx({
    input: { name: 'rgb', shape: [1, 3, size, size] },
    output: { name: 'features', shape: [1, graph.shape('_conv_head.weight')[0] ?? 0, 1, 1] },
    nodes: graph.nodes,
    tensors: [...graph.tensors.values()],
  });
}

class GraphBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly tensors = new Map<string, OnnxTensor>();
  readonly #checkpoint: ReadonlyMap<string, Tensor>;

  constructor(checkpoint: ReadonlyMap<string, Tensor>) {
    this.#checkpoint = checkpoint;
    for (const [name, value] of [
      ['zero', 0],
      ['six', 6],
    ] as const) {
      this.tensors.set(name, { name, shape: [], data: Float32Array.of(value) });
    }
  }

  shape(name: string): readonly number[] {
    return this.#checkpoint.get(name)?.shape ?? [];
  }

  block(from: string, name: string, stride: number): string {
    const expand = `${name}._expand_conv`;
    const depthwise = `${name}._depthwise_conv`;
    const project = `${name}._project_conv`;
    const expanded =
      this.shape(`${expand}.weight`).length > 0
        ? this.convolution(from, expand, `${name}._bn0`, 1, 1, true)
        : from;
    const [channels = 0] = this.shape(`${depthwise}.weight`);
    const filtered = this.convolution(expanded, depthwise, `${name}._bn1`, stride, channels, true);
    const projected = this.convolution(filtered, project, `${name}._bn2`, 1, 1, false);
    const inputs = this.shape(`${expand}.weight`)[1];
    if (stride !== 1 || inputs !== this.shape(`${project}.weight`)[0]) return projected;
    return this.#push('Add', [projected, from], `${name}.sum`);
  }

  /** A convolution without bias, its batch norm, and ReLU6 where there is one. */
  convolution(
    from: string,
    name: string,
    norm: string,
    stride: number,
    group: number,
    relu: boolean,
  ): string {
    const weights = this.#tensor(`${name}.weight`);
    const kernel = this.shape(weights).slice(2);
    const attributes = { kernel_shape: kernel, strides: [stride, stride], group, auto_pad: 'SAME_UPPER' };
    const summed = this.#push('Conv', [from, weights], `${name}.sum`, attributes);
    const constants = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
      this.#tensor(`${norm}.${part}`),
    );
    const normed = this.#push('BatchNormalization', [summed, ...constants], `${norm}.norm`, {
      epsilon: { float: 1e-3 },
    });
    return relu ? this.#push('Clip', [normed, 'zero', 'six'], `${norm}.relu`) : normed;
  }

  #push(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode['attributes'] = {},
  ): string {
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  #tensor(name: string): string {
    const tensor = this.#checkpoint.get(name);
    if (!tensor) throw new Error(`the checkpoint has no ${name}`);
    this.tensors.set(name, { name, ...tensor });
    return name;
  }
}

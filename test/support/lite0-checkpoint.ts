import type { Tensor } from '../../src/vision/torch-file.ts';
import { Filler } from './kernel-arbitraries.ts';

const kernels = [3, 3, 3, 5, 5, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 3];
const widths = [8, 8, 8, 16, 16, 8, 8, 8, 16, 16, 16, 24, 24, 24, 24, 32];
const stemWidth = 8;
const headWidth = 40;
const classes = 6;

/** A checkpoint of EfficientNet-Lite's structure with narrow layers and weights that keep activations near unit variance. */
export function narrowCheckpoint(seed: number): Map<string, Tensor> {
  const fill = new Filler(seed);
  const tensors = new Map<string, Tensor>();
  const add = (name: string, shape: number[], scale: number, centre = 0): void => {
    const data = fill.floats(shape.reduce((a, b) => a * b, 1)).map((value) => centre + value * scale);
    tensors.set(name, { shape, data });
  };
  const layer = (name: string, norm: string, shape: [number, number, number, number]): void => {
    const [outputs, inputs, rows, columns] = shape;
    add(`${name}.weight`, shape, 0.5 / Math.sqrt(inputs * rows * columns));
    add(`${norm}.weight`, [outputs], 0.1, 1);
    add(`${norm}.bias`, [outputs], 0.3);
    add(`${norm}.running_mean`, [outputs], 0.1);
    add(`${norm}.running_var`, [outputs], 0.2, 1);
  };
  layer('_conv_stem', '_bn0', [stemWidth, 3, 3, 3]);
  let inputs = stemWidth;
  widths.forEach((outputs, index) => {
    const name = `_blocks.${String(index)}`;
    const expanded = index === 0 ? inputs : inputs * 2;
    const size = kernels[index]!;
    if (index > 0) layer(`${name}._expand_conv`, `${name}._bn0`, [expanded, inputs, 1, 1]);
    layer(`${name}._depthwise_conv`, `${name}._bn1`, [expanded, 1, size, size]);
    layer(`${name}._project_conv`, `${name}._bn2`, [outputs, expanded, 1, 1]);
    inputs = outputs;
  });
  layer('_conv_head', '_bn1', [headWidth, inputs, 1, 1]);
  add('_fc.weight', [classes, headWidth], 1);
  add('_fc.bias', [classes], 1);
  return tensors;
}

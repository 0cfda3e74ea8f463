import type { WeightBlock } from '../vision/quantised-weights.ts';
import { type ScoreRule, scoreFunctions } from '../vision/scores.ts';
import type { ModelHeader } from './model-header.ts';

/** Where a block's numbers lie in a model's body. Offsets in bytes, each a multiple of 16. */
export interface BlockLayout {
  /** Id of the extractor whose features it scores. */
  readonly extractor: string;
  readonly classes: number;
  readonly dims: number;
  /** Floats from one row of W to the next: `dims`, up to a multiple of 4. */
  readonly stride: number;
  /** Index into {@link scoreFunctions}. */
  readonly score: number;
  /** Whether it scores features scaled to unit length. */
  readonly unitRows: boolean;
  /** Index of the block's first class among all classes of the model. */
  readonly firstClass: number;
  /** W, `[classes × stride]`, row-major; what lies beyond `dims` in a row is 0. */
  readonly w: number;
  /** b, `[classes]`. */
  readonly b: number;
  /** A and B of Platt's sigmoid, `[classes × 2]`; empty for softmax. */
  readonly calibration: number;
  /** Thresholds on scores, `[classes]`. */
  readonly thresholds: number;
}

/** Where everything lies in a model's body. */
export interface ModelLayout {
  /** Length of the body. */
  readonly bytes: number;
  readonly blocks: readonly BlockLayout[];
}

/** A block's numbers in place: views of the body, nothing copied. */
export interface BlockView extends WeightBlock, ScoreRule {
  /** Id of the extractor whose features it scores. */
  readonly extractor: string;
  /** Whether it scores features scaled to unit length. */
  readonly unitRows: boolean;
  readonly firstClass: number;
  /** `[classes]`. */
  readonly thresholds: Float32Array;
}

const alignment = 16;
const floatBytes = Float32Array.BYTES_PER_ELEMENT;

/** The layout that a header stands for; a model file has no offsets of its own that could be wrong. */
export function layoutOf(header: Pick<ModelHeader, 'blocks'>): ModelLayout {
  let bytes = 0;
  let firstClass = 0;
  const place = (floats: number): number => {
    const offset = bytes;
    bytes += Math.ceil((floats * floatBytes) / alignment) * alignment;
    return offset;
  };
  const blocks = header.blocks.map(
    ({ classes: { length: classes }, extractor: { id, dims }, score, rows }) => {
      const stride = Math.ceil(dims / 4) * 4;
      const block: BlockLayout = {
        extractor: id,
        classes,
        dims,
        stride,
        score: scoreFunctions.indexOf(score),
        unitRows: rows === 'unit',
        firstClass,
        w: place(classes * stride),
        b: place(classes),
        calibration: place(calibrationLength(score, classes)),
        thresholds: place(classes),
      };
      firstClass += classes;
      return block;
    },
  );
  return { bytes, blocks };
}

/** Floats of calibration that a block of `classes` has. */
export function calibrationLength(score: ScoreRule['score'], classes: number): number {
  return score === 'platt' ? 2 * classes : 0;
}

/** The blocks of a model as views of its body. */
export function viewBlocks(layout: ModelLayout, buffer: ArrayBuffer): BlockView[] {
  return layout.blocks.map(({ extractor, unitRows, classes, dims, stride, firstClass, ...block }) => {
    const score = scoreFunctions[block.score] ?? 'softmax';
    return {
      extractor,
      unitRows,
      classes,
      dims,
      stride,
      firstClass,
      score,
      w: new Float32Array(buffer, block.w, classes * stride),
      b: new Float32Array(buffer, block.b, classes),
      calibration: new Float32Array(buffer, block.calibration, calibrationLength(score, classes)),
      thresholds: new Float32Array(buffer, block.thresholds, classes),
    };
  });
}

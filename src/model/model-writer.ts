import { createHash } from 'node:crypto';
import { Fault } from '../base/errors.ts';
import { allFinite } from '../vision/finite.ts';
import { replaceFile } from './atomic-file.ts';
import { checkSizes, encodePreamble, padHeader } from './model-format.ts';
import { type BlockHeader, checkHeader, type ModelHeader } from './model-header.ts';
import { calibrationLength, layoutOf, viewBlocks } from './model-layout.ts';

/** A block to be written: its header and its numbers, without padding. */
export interface BlockContents extends BlockHeader {
  /** `Float32Array [classes × dims]`, row-major. */
  readonly w: Float32Array;
  /** `Float32Array [classes]`, with z = w·x − b. */
  readonly b: Float32Array;
  /** `Float32Array [classes × 2]`, A and B of Platt's sigmoid; empty for softmax. */
  readonly calibration: Float32Array;
  /** `Float32Array [classes]`: the score from which on a photo gets the tag. */
  readonly thresholds: Float32Array;
}

/** Everything in a model file. */
export interface ModelContents extends Omit<ModelHeader, 'blocks'> {
  readonly blocks: readonly BlockContents[];
}

/**
 * Writes a model file. Whoever reads it meanwhile sees the old file or the new one, whole; so does whoever comes after a power cut.
 *
 * @returns the model's id; the same contents have the same id everywhere
 * @throws Fault `MODEL_FORMAT` if the contents cannot be a model: nothing is written then
 */
export async function writeModel(file: string, contents: ModelContents): Promise<string> {
  const { parts, id } = encodeModel(file, contents);
  await replaceFile(file, parts);
  return id;
}

function encodeModel(file: string, contents: ModelContents): { parts: Uint8Array[]; id: string } {
  const header = checkHeader({ ...contents, blocks: contents.blocks.map(headerOf) });
  if (typeof header === 'string') throw new Fault('MODEL_FORMAT', { file, reason: header });
  const json = padHeader(JSON.stringify(header));
  const { bytes: bodyBytes } = layoutOf(header);
  checkSizes(file, { headerBytes: json.length, bodyBytes });
  const body = encodeBody(file, header, contents.blocks);
  const preamble = encodePreamble({ headerBytes: json.length, bodyBytes });
  const digest = createHash('sha256').update(preamble).update(json).update(body).digest();
  return { parts: [preamble, json, body, digest], id: digest.toString('hex') };
}

function headerOf({ name, extractor, score, rows, classes }: BlockContents): BlockHeader {
  return { name, extractor, score, ...(rows === undefined ? {} : { rows }), classes };
}

function encodeBody(file: string, header: ModelHeader, blocks: readonly BlockContents[]): Uint8Array {
  const layout = layoutOf(header);
  const body = new ArrayBuffer(layout.bytes);
  for (const [index, view] of viewBlocks(layout, body).entries()) {
    const block = blocks[index];
    if (block === undefined) continue;
    checkNumbers(file, block);
    for (let row = 0; row < view.classes; row++)
      view.w.set(block.w.subarray(row * view.dims, (row + 1) * view.dims), row * view.stride);
    view.b.set(block.b);
    view.calibration.set(block.calibration);
    view.thresholds.set(block.thresholds);
  }
  return new Uint8Array(body);
}

function checkNumbers(file: string, block: BlockContents): void {
  const classes = block.classes.length;
  const lengths = {
    w: classes * block.extractor.dims,
    b: classes,
    calibration: calibrationLength(block.score, classes),
    thresholds: classes,
  };
  for (const [name, length] of Object.entries(lengths) as [keyof typeof lengths, number][]) {
    const values = block[name];
    if (values.length !== length)
      throw new Fault('MODEL_FORMAT', {
        file,
        reason: `${name} of ${block.name} has ${String(values.length)} values instead of ${String(length)}`,
      });
    if (!allFinite(values))
      throw new Fault('MODEL_FORMAT', {
        file,
        reason: `${name} of ${block.name} has numbers that are not finite`,
      });
  }
}

import { z } from 'zod';
import { nameProblem } from '../../base/ids.ts';
import type { QuantisedRows } from '../../vision/quantised-features.ts';
import type { BlobRef, BlobStore } from '../blob-store.ts';
import type { ExtractorReference } from '../model-header.ts';
import {
  blockHeadBytes,
  type BlockKind,
  bytesOf,
  checkLength,
  damagedBlock,
  encodeBlockHead,
  maxBlockRows,
  type OpenBlock,
  openBlock,
  readInto,
} from './block-format.ts';

/*
 * A feature block, after its head (rows, dims, length of the JSON):
 *
 *   scales  f32 [rows × 2]    offset and scale of each row
 *   values  u8  [rows × dims]
 *   JSON                      {"extractor", "ids"}
 */

const kind: BlockKind = { magic: 'ATFEAT\x1a\n', name: 'a feature block' };
const maxDims = 65_536;
/** A name of 256 bytes takes up to six times as many in JSON. */
const maxJsonBytesPerRow = 1_600;
const scaleBytes = 8;

const detailsSchema = z.object({
  extractor: z.object({ id: z.string(), version: z.number(), dims: z.number(), parametersHash: z.string() }),
  ids: z.array(z.string().refine((id) => nameProblem(id) === undefined)),
});

/** Photos with their features, in training order. */
export interface FeatureBlock extends QuantisedRows {
  readonly extractor: ExtractorReference;
  readonly ids: readonly string[];
}

/** Stores a feature block. @throws Fault `DISK_FULL`, `FILE_WRITE` */
export function putFeatureBlock(
  blobs: BlobStore,
  { extractor, ids, scales, values }: FeatureBlock,
): Promise<BlobRef> {
  const { id, version, dims, parametersHash } = extractor;
  const json = Buffer.from(JSON.stringify({ extractor: { id, version, dims, parametersHash }, ids }), 'utf8');
  const head = encodeBlockHead(kind, [ids.length, dims, json.length]);
  return blobs.put([head, bytesOf(scales), bytesOf(values), json]);
}

/** Reads the features of a shard, some rows at a time. */
export class FeatureBlockReader {
  readonly rows: number;
  readonly dims: number;
  readonly #block: OpenBlock;
  readonly #jsonBytes: number;
  #details: z.infer<typeof detailsSchema> | undefined;

  private constructor(block: OpenBlock) {
    const [rows = 0, dims = 0, jsonBytes = 0] = block.head;
    this.#block = block;
    this.rows = rows;
    this.dims = dims;
    this.#jsonBytes = jsonBytes;
    if (rows > maxBlockRows || dims > maxDims || jsonBytes > 4_096 + rows * maxJsonBytesPerRow)
      throw damagedBlock(block.file, 'its parts are larger than allowed');
    checkLength(block, this.#jsonPosition + jsonBytes);
  }

  /** @throws Fault `NOT_FOUND`; `BLOB_DAMAGED` if it is no feature block, or has another length than it says */
  static async open(file: string): Promise<FeatureBlockReader> {
    const block = await openBlock(file, kind);
    try {
      return new FeatureBlockReader(block);
    } catch (error) {
      await block.handle.close();
      throw error;
    }
  }

  /** Photo ids of the rows. @throws Fault `BLOB_DAMAGED` */
  async ids(): Promise<string[]> {
    return (await this.#readDetails()).ids;
  }

  /** What the features are of. @throws Fault `BLOB_DAMAGED` */
  async extractor(): Promise<ExtractorReference> {
    return (await this.#readDetails()).extractor;
  }

  async #readDetails(): Promise<z.infer<typeof detailsSchema>> {
    if (this.#details !== undefined) return this.#details;
    const { file, handle } = this.#block;
    const json = Buffer.alloc(this.#jsonBytes);
    await readInto(file, handle, json, this.#jsonPosition);
    const details = detailsSchema.safeParse(parseJson(json));
    if (details.data?.ids.length !== this.rows || details.data.extractor.dims !== this.dims)
      throw damagedBlock(file, 'its ids cannot be read');
    this.#details = details.data;
    return details.data;
  }

  /**
   * Reads rows `first` to `first + count`.
   * @param into - `values` `[count × dims]` and `scales` `[count × 2]` or longer, filled from their start
   * @throws Fault `BLOB_DAMAGED`
   */
  async read(first: number, count: number, into: QuantisedRows): Promise<void> {
    const { file, handle } = this.#block;
    if (first < 0 || count < 0 || first + count > this.rows)
      throw new RangeError(`rows ${String(first)} + ${String(count)} of ${String(this.rows)}`);
    const scales = into.scales.subarray(0, count * 2);
    await readInto(file, handle, bytesOf(scales), blockHeadBytes + first * scaleBytes);
    const values = into.values.subarray(0, count * this.dims);
    await readInto(file, handle, values, this.#valuesPosition + first * this.dims);
  }

  close(): Promise<void> {
    return this.#block.handle.close();
  }

  get #valuesPosition(): number {
    return blockHeadBytes + this.rows * scaleBytes;
  }

  get #jsonPosition(): number {
    return this.#valuesPosition + this.rows * this.dims;
  }
}

function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

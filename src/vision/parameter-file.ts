import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Fault, reasonOf } from '../base/errors.ts';

/*
 * An extractor's parameter file, little-endian:
 *
 *   0   8 bytes   signature
 *   8   32 bytes  SHA-256 of everything that follows
 *   40  uint32    length of the header
 *   44  JSON      the header, padded with spaces so that the payload starts at a multiple of 16
 *   …   payload   for each step: int16 weights [weights], padded to 4 bytes; int32 bias [outputs]; float32 multiplier [outputs]
 */
const signature = Buffer.from('ATPARAM1', 'latin1');
const hashAt = 8;
const lengthAt = 40;
const headerAt = 44;

const count = z.int().positive().max(100_000_000);
const int16 = z.int().min(-32_768).max(32_767);
const convolution = { outputs: count, weights: count, low: int16, high: int16 };
const window = { kernel: count, stride: count };

const step = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stem'), ...window, ...convolution }),
  z.strictObject({ kind: z.literal('pointwise'), residual: z.int().min(0).optional(), ...convolution }),
  z.strictObject({ kind: z.literal('depthwise'), ...window, ...convolution }),
]);

const header = z.strictObject({
  extractor: z.string().regex(/^[a-z][a-z0-9-]*$/),
  version: count,
  dims: count,
  input: z.strictObject({ width: count, height: count, crop: z.number().positive().max(1) }),
  offset: int16,
  scale: z.number().positive(),
  steps: z.array(step).min(1).max(1000),
});

/** What a step of a trunk is: `kind` and shapes; `low` and `high` bound its activations. */
export type StepHeader = z.infer<typeof step>;

/** The head of a parameter file: which extractor, its input, and the steps of its trunk. */
export type ParameterHeader = z.infer<typeof header>;

/** The constants of a step. */
export interface StepParameters {
  /** Output channel first; see the kernel of the step's kind for the rest. */
  readonly weights: Int16Array;
  /** `[outputs]`, in units of the sums. */
  readonly bias: Int32Array;
  /** `[outputs]`, from sums to activations. */
  readonly multiplier: Float32Array;
}

/** A parameter file in memory; where that is shared, threads can be given it as it is. */
export interface ParameterFile {
  readonly header: ParameterHeader;
  /** Hex SHA-256 of header and payload. */
  readonly hash: string;
  /** In the order of `header.steps`. */
  readonly steps: readonly StepParameters[];
}

/** Encodes a parameter file; `steps` belong to `header.steps`. */
export function writeParameters(head: ParameterHeader, steps: readonly StepParameters[]): Uint8Array {
  const text = Buffer.from(JSON.stringify(head));
  const padded = Buffer.alloc(align(headerAt + text.length, 16) - headerAt, ' ');
  text.copy(padded);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  const body = Buffer.concat([length, padded, ...steps.flatMap(encodeStep)]);
  return new Uint8Array(Buffer.concat([signature, createHash('sha256').update(body).digest(), body]));
}

/**
 * Reads a parameter file into memory that threads share.
 *
 * @throws Fault `WEIGHTS_MISSING`, `WEIGHTS_DAMAGED`
 */
export async function loadParameters(file: string): Promise<ParameterFile> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new Fault('WEIGHTS_MISSING', { file, reason: reasonOf(error) }, error);
  });
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return readParameters(shared, file);
}

/**
 * Decodes a parameter file; `file` names it in the fault. Once a process: threads are given what this returns, whose constants are
 * views of the file.
 *
 * @throws Fault `WEIGHTS_DAMAGED` when it is cut, altered, or something else.
 */
export function readParameters(bytes: Uint8Array, file = 'the parameter file'): ParameterFile {
  const refuse = (reason: string): Fault => new Fault('WEIGHTS_DAMAGED', { file, reason });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < headerAt || !buffer.subarray(0, hashAt).equals(signature)) {
    throw refuse('it is not a parameter file of this version');
  }
  const hash = createHash('sha256').update(buffer.subarray(lengthAt)).digest();
  if (!hash.equals(buffer.subarray(hashAt, lengthAt)))
    throw refuse('its checksum does not match its content');
  const payloadAt = headerAt + buffer.readUInt32LE(lengthAt);
  if (payloadAt > buffer.length || payloadAt % 16 !== 0) throw refuse('its header has no end');
  const head = readHeader(buffer.subarray(headerAt, payloadAt), refuse);
  const steps = readSteps(head, aligned(buffer.subarray(payloadAt)), refuse);
  return { header: head, hash: hash.toString('hex'), steps };
}

function readHeader(text: Buffer, refuse: (reason: string) => Fault): ParameterHeader {
  try {
    return header.parse(JSON.parse(text.toString('utf8')));
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? z.prettifyError(error).replace(/\s+/g, ' ') : reasonOf(error);
    throw refuse(`its header is not understood: ${reason}`);
  }
}

function readSteps(
  head: ParameterHeader,
  payload: Uint8Array,
  refuse: (reason: string) => Fault,
): StepParameters[] {
  const needed = head.steps.reduce(
    (sum, { weights, outputs }) => sum + align(2 * weights, 4) + 8 * outputs,
    0,
  );
  if (needed !== payload.length)
    throw refuse(
      `its header speaks of ${String(needed)} bytes of weights, and it has ${String(payload.length)}`,
    );
  let at = payload.byteOffset;
  const take = (length: number): number => (at += length) - length;
  const { buffer } = payload;
  return head.steps.map(({ weights, outputs }) => ({
    weights: new Int16Array(buffer, take(align(2 * weights, 4)), weights),
    bias: new Int32Array(buffer, take(4 * outputs), outputs),
    multiplier: new Float32Array(buffer, take(4 * outputs), outputs),
  }));
}

/** Small files are read into the middle of a buffer of others. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
}

function encodeStep({ weights, bias, multiplier }: StepParameters): Buffer[] {
  const padding = Buffer.alloc(align(weights.byteLength, 4) - weights.byteLength);
  return [bytesOf(weights), padding, bytesOf(bias), bytesOf(multiplier)];
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function align(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

import { Fault } from '../base/errors.ts';

/*
 * A model file, little-endian:
 *
 *   0   8  magic "AUTOTAG\x1a"
 *   8   4  format version
 *  12   4  length of the header
 *  16   8  length of the body
 *  24   8  0
 *  32      header: JSON in UTF-8, filled up with spaces to a multiple of 32
 *          body: for each block W, b, calibration, thresholds (see ModelLayout)
 *          SHA-256 of everything before it: the model's id
 */

/** Version of the format that is written, and the newest that is read. */
const formatVersion = 1;
/** Length of what comes before the header. */
export const preambleBytes = 32;
/** Length of the checksum at the end. */
export const digestBytes = 32;
/** The longest header: a million class names of ordinary length. */
const maxHeaderBytes = 64 * 1024 * 1024;
/** The largest body: 400,000 classes of 1,280 dimensions. */
const maxBodyBytes = 2 * 1024 * 1024 * 1024;
/** The largest file. */
export const maxModelBytes = preambleBytes + maxHeaderBytes + maxBodyBytes + digestBytes;

const magic = Buffer.from('AUTOTAG\x1a', 'latin1');
const headerAlignment = 32;

/** Lengths of the parts of a model file. */
export interface ModelSizes {
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

/** A header's bytes as they stand in the file. */
export function padHeader(json: string): Buffer {
  const bytes = Buffer.from(json, 'utf8');
  const padding = (headerAlignment - (bytes.length % headerAlignment)) % headerAlignment;
  return Buffer.concat([bytes, Buffer.alloc(padding, ' ')]);
}

/** The first bytes of a model file. */
export function encodePreamble({ headerBytes, bodyBytes }: ModelSizes): Buffer {
  const bytes = Buffer.alloc(preambleBytes);
  magic.copy(bytes);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(headerBytes, 12);
  bytes.writeBigUInt64LE(BigInt(bodyBytes), 16);
  return bytes;
}

/**
 * Checks the first bytes of a file and its length, before anything is allocated for the rest.
 *
 * @param start - up to {@link preambleBytes} bytes
 * @throws Fault `MODEL_FORMAT` for another kind of file or a newer format, `MODEL_DAMAGED` for a wrong length
 */
export function decodePreamble(file: string, start: Buffer, fileBytes: number): ModelSizes {
  const beginning = start.subarray(0, magic.length);
  if (beginning.length === 0 || !beginning.equals(magic.subarray(0, beginning.length)))
    throw new Fault('MODEL_FORMAT', { file, reason: 'it does not begin like one' });
  if (start.length < preambleBytes) throw new Fault('MODEL_DAMAGED', { file, reason: 'it is cut off' });
  const version = start.readUInt32LE(8);
  if (version !== formatVersion)
    throw new Fault('MODEL_FORMAT', {
      file,
      reason: `it has format version ${String(version)}, and only ${String(formatVersion)} is known here; upgrade first`,
    });
  const headerBytes = start.readUInt32LE(12);
  const bodyBytes = Number(start.readBigUInt64LE(16));
  checkSizes(file, { headerBytes, bodyBytes });
  const expected = preambleBytes + headerBytes + bodyBytes + digestBytes;
  if (fileBytes !== expected)
    throw new Fault('MODEL_DAMAGED', {
      file,
      reason: `it has ${String(fileBytes)} bytes instead of ${String(expected)}`,
    });
  return { headerBytes, bodyBytes };
}

/** @throws Fault `MODEL_FORMAT` if a part is larger than allowed */
export function checkSizes(file: string, { headerBytes, bodyBytes }: ModelSizes): void {
  if (headerBytes > maxHeaderBytes || bodyBytes > maxBodyBytes)
    throw new Fault('MODEL_FORMAT', {
      file,
      reason: `its header (${String(headerBytes)} bytes) or body (${String(bodyBytes)} bytes) is larger than allowed`,
    });
}

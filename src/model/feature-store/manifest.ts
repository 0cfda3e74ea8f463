import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault, reasonOf } from '../../base/errors.ts';
import { sha256 } from '../../base/ids.ts';
import { replaceFile } from '../atomic-file.ts';
import { extractorSchema } from '../model-header.ts';
import { writeFault } from '../../base/write-fault.ts';
import { maxSegments } from './place.ts';

const schema = z.strictObject({
  format: z.literal(1),
  extractor: extractorSchema,
  segments: z.array(z.int().min(1)).max(maxSegments),
});

/** What a store consists of: its extractor, and its segments by age, oldest first. What is not named is not there. */
export type Manifest = Readonly<Omit<z.infer<typeof schema>, 'format'>>;

const fileName = 'segments.json';

/**
 * Reads the manifest of a folder, or `undefined` if it has none.
 * @throws Fault `FEATURES_FORMAT`: a damaged one must not pass, since it says what may be removed
 */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const file = join(folder, fileName);
  try {
    const [json = '', checksum] = (await readFile(file, 'utf8')).split('\n');
    if (sha256(json) !== checksum) throw new Error('it does not match its checksum');
    const { extractor, segments } = schema.parse(JSON.parse(json));
    return { extractor, segments };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Fault('FEATURES_FORMAT', { file, reason: reasonOf(error) }, error);
  }
}

/**
 * Puts a manifest in place, at once and durably.
 * @throws Fault `DISK_FULL`, `FILE_WRITE`
 */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const file = join(folder, fileName);
  const json = JSON.stringify({ format: 1, ...manifest });
  try {
    await replaceFile(file, [Buffer.from(`${json}\n${sha256(json)}\n`)]);
  } catch (error) {
    throw writeFault(file, error);
  }
}

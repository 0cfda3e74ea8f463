import { readFile, stat } from 'node:fs/promises';
import { Fault, reasonOf } from '../src/base/errors.ts';

const maxBytes = 256 * 1024 * 1024;

/**
 * Reads how frequent classes are among all photos, `class<TAB>share` a line, shares between 0 and 1.
 * @throws Fault `FILE_READ`; `TRAINING_DATA` for a line that is wrong
 */
export async function readClassShares(file: string): Promise<ReadonlyMap<string, number>> {
  const shares = new Map<string, number>();
  for (const [index, line] of (await textOf(file)).split('\n').entries()) {
    if (line.trim() === '') continue;
    const [name, share, ...more] = line.replace(/\r$/, '').split('\t');
    const value = Number(share);
    if (name === undefined || share === undefined || more.length > 0 || !(value > 0 && value < 1))
      throw new Fault('TRAINING_DATA', {
        reason: `${file}, line ${String(index + 1)} is not class<TAB>share with a share between 0 and 1`,
      });
    shares.set(name, value);
  }
  return shares;
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw new Error(`it has more than ${String(maxBytes)} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}

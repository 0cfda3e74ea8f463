/*
 * A process that appends to a feature store, each photo by its number: FOLDER DIMS ROWS APPENDS.
 * It writes a line for each append that was answered for, `stored FIRST COUNT` or `fault CODE`.
 */
import { writeSync } from 'node:fs';
import { Fault } from '../../src/base/errors.ts';
import { featuresOf, openStore, smallExtractor } from './features.ts';

// A file's limit is an error to the writer then, not the end of the process.
process.on('SIGXFSZ', () => undefined);

const [folder = '', ...numbers] = process.argv.slice(2);
const [dims = 4, rows = 1, appends = 1] = numbers.map(Number);
const { store } = await openStore(folder, { extractor: smallExtractor(dims), segmentRows: 100_000 });
const say = (line: string) => writeSync(1, `${line}\n`);
let first = 0;
for (let each = 0; each < appends; each++) {
  // Every tenth is a small one, which still fits where others do not.
  const count = each % 10 === 9 ? 1 : rows;
  const batch = Array.from({ length: count }, (_, index) => {
    return { id: `photo ${String(first + index)}`, features: featuresOf(first + index, dims) };
  });
  try {
    await store.append(batch);
    say(`stored ${String(first)} ${String(count)}`);
  } catch (error) {
    say(`fault ${Fault.from(error).code}`);
  }
  first += count;
}
await store.close();

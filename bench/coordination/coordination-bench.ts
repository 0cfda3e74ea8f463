import { availableParallelism } from 'node:os';
import { builtEntry } from '../../src/base/built-entry.ts';
import { NodeProcess } from '../node/node-process.ts';
import { PhotoClient } from '../node/photo-client.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import { median } from '../results/median.ts';
import type { Progress } from '../results/part.ts';

const rounds = 5;
const window = 1_024;
/** Some seconds' worth of each size, bytes. */
const loads = [
  { name: '1KB', bytes: 1_000, photos: 12_000 },
  { name: '100KB', bytes: 100_000, photos: 3_000 },
] as const;

/** Photos a second of each round by the size of a photo, where tagging one costs nothing. */
export type CoordinationFigures = Readonly<
  Record<string, { readonly rates: number[]; readonly median: number }>
>;

/** Measures submit, stream, actors, threads, store and results alone: a stub stands for decoder and kernel. */
export async function coordinationBench(progress: Progress): Promise<CoordinationFigures> {
  const stub = builtEntry('stub-entry', import.meta.url).href;
  const options = { threads: availableParallelism(), window };
  const node = await NodeProcess.start({ options, threadEntry: stub });
  const client = await PhotoClient.connect(node);
  const rates = new Map<string, number[]>(loads.map(({ name }) => [name, []]));
  try {
    progress('warming up');
    for (const { bytes } of loads) await client.tag(photosOf(bytes, 2_000));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, bytes, photos } of loads) {
        const rate = photos / (await client.tag(photosOf(bytes, photos)));
        rates.get(name)!.push(rate);
        progress(`round ${String(round)} of ${String(rounds)}: ${rate.toFixed(0)}/s of ${name}`);
      }
    }
  } finally {
    await client.close();
    await node.stop();
  }
  return Object.fromEntries([...rates].map(([name, each]) => [name, { rates: each, median: median(each) }]));
}

/** Their ids tell them apart, not their bytes. */
function photosOf(size: number, count: number): BenchPhoto[] {
  const bytes = new Uint8Array(size).fill(0x5a);
  return Array.from({ length: count }, (_, index) => ({ name: String(index), bytes }));
}

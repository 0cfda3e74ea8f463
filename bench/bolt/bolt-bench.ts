import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { builtEntry } from '../../src/base/built-entry.ts';
import { BoltProcess } from '../../src/cluster/bolt/bolt-process.ts';
import { median } from '../results/median.ts';
import type { Progress } from '../results/part.ts';

const rounds = 5;
const tuples = 3_000;
const tuple = {
  id: 'photo',
  model: 'model',
  tags: Array.from({ length: 10 }, (_, index) => ({ tag: `tag ${String(index)}`, score: 1 / (index + 1) })),
  attributes: {},
};

/** What a user's bolt costs that does nothing, a process. */
export interface BoltFigures {
  /** Photos of 300 KB a second, each round. */
  readonly rates: number[];
  /** CPU time of the node for one of them, ms, each round. */
  readonly nodeMs: number[];
  readonly median: { readonly rate: number; readonly nodeMs: number };
}

/** Measures the way of a photo of 300 KB to the process of a bolt, and of its answer back. */
export async function boltBench(progress: Progress): Promise<BoltFigures> {
  const file = fileURLToPath(builtEntry('empty-bolt-entry', import.meta.url));
  const bolt = await BoltProcess.start({
    program: { command: ['node', file], reads: 'photo', deadlineMs: 10_000, memoryBytes: 512 * 2 ** 20 },
    folder: tmpdir(),
    topology: 'bench',
    component: 'empty',
    index: 0,
    clock: systemClock,
    log: silentLog,
  });
  const rates: number[] = [];
  const nodeMs: number[] = [];
  try {
    for (let round = 0; round <= rounds; round += 1) {
      const { rate, cpuMs } = await measure(bolt);
      // The first one warms up.
      if (round === 0) continue;
      rates.push(rate);
      nodeMs.push(cpuMs);
      progress(
        `round ${String(round)} of ${String(rounds)}: ${rate.toFixed(0)}/s, ${cpuMs.toFixed(3)} ms each`,
      );
    }
  } finally {
    await bolt.stop();
  }
  return { rates, nodeMs, median: { rate: median(rates), nodeMs: median(nodeMs) } };
}

async function measure(bolt: BoltProcess): Promise<{ rate: number; cpuMs: number }> {
  const photo = new Uint8Array(300_000).fill(0x5a);
  const [started, before] = [performance.now(), process.cpuUsage()];
  for (let n = 0; n < tuples; n += 1) await bolt.process(tuple, photo);
  const { user, system } = process.cpuUsage(before);
  return { rate: (1_000 * tuples) / (performance.now() - started), cpuMs: (user + system) / 1_000 / tuples };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeProcess } from '../node/node-process.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import { BareLoop } from '../pipeline/bare-loop.ts';
import { median } from '../results/median.ts';
import type { Progress } from '../results/part.ts';
import { writePixels } from './pixel-file.ts';
import { TaggingClient } from './tagging-client.ts';

const warmUpPhotos = 64;

/** `cluster tag` beside the bare loop. */
export interface BatchFigures {
  readonly threads: number;
  /** Tagged in each half of a round. */
  readonly photos: number;
  /** Photos a second of each round, in the order of the rounds; each round is the bare loop, then the run. */
  readonly bare: readonly number[];
  readonly batch: readonly number[];
  /** Median of the rounds' ratios. */
  readonly batchOverBare: number;
}

/**
 * Measures decode + features + score without and with a run of `cluster tag` round them, in turns; the run from its request to its end on record.
 * @param size - photos of all rounds, and rounds
 */
export async function batchBench(
  photos: readonly BenchPhoto[],
  { count, rounds }: { readonly count: number; readonly rounds: number },
  progress: Progress,
): Promise<BatchFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-batch-bench-'));
  const threads = availableParallelism();
  const each = Math.ceil(count / rounds);
  const [pixels, warmUp, out] = ['photos.tsv', 'warm-up.tsv', 'tags.tsv'].map((name) => join(folder, name));
  await writePixels(pixels!, photos, each);
  await writePixels(warmUp!, photos, warmUpPhotos);
  const bareLoop = await BareLoop.start(threads);
  const node = await NodeProcess.start({ options: { threads, jobThreads: threads } });
  const client = await TaggingClient.connect(node);
  const inTurns = Array.from({ length: each }, (_, number) => photos[number % photos.length]!);
  try {
    progress('warming up');
    await bareLoop.tag(inTurns.slice(0, warmUpPhotos));
    await client.tag(warmUp!, out!);
    const [bare, batch]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round += 1) {
      bare.push(each / (await bareLoop.tag(inTurns)));
      batch.push(each / (await client.tag(pixels!, out!)));
      progress(
        `round ${String(round)} of ${String(rounds)}: bare ${bare.at(-1)!.toFixed(1)}/s, cluster tag ${batch.at(-1)!.toFixed(1)}/s`,
      );
    }
    return {
      threads,
      photos: each,
      bare,
      batch,
      batchOverBare: median(batch.map((rate, round) => rate / bare[round]!)),
    };
  } finally {
    bareLoop.stop();
    await client.close();
    await node.stop();
    await rm(folder, { recursive: true });
  }
}

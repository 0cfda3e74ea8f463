import { availableParallelism } from 'node:os';
import { NodeProcess } from '../node/node-process.ts';
import { PhotoClient } from '../node/photo-client.ts';
import { loadPhotos } from '../photos/photo-set.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import type { Progress } from '../results/part.ts';
import { median } from '../results/median.ts';
import { BareLoop } from './bare-loop.ts';
import type { LoadTimes } from './bare-loop.ts';

const rounds = 5;
/** Times that each photo is tagged in a round: a few seconds, so that beginning and end count for little. */
const passes = 2;
const stagePhotos = 60;
const hourMs = 3_600_000;

/** The whole path beside the bare loop. */
export interface PipelineFigures {
  readonly threads: number;
  /** Version of the node's nats-server. */
  readonly natsServer: string;
  /** Tagged in each half of a round. */
  readonly photos: number;
  /** Photos a second of each round, in the order of the rounds; each round is the bare loop, then the whole path. */
  readonly bare: readonly number[];
  readonly whole: readonly number[];
  /** Median of the rounds' ratios. */
  readonly wholeOverBare: number;
  /** Mean time of a photo in each stage, alone in a thread, ms. */
  readonly stageMs: Readonly<Record<'decode' | 'features' | 'score', number>>;
  readonly load: LoadTimes;
  /** Loading's share of an hour of stream. */
  readonly loadShare: number;
}

/** Measures decode + features + score without and with a cluster round them, in turns. */
export async function pipelineBench(
  folder: string | undefined,
  progress: Progress,
): Promise<PipelineFigures> {
  progress('reading the photos');
  const loaded = await loadPhotos(folder);
  const photos = Array.from({ length: passes }, (_, pass) =>
    loaded.map(({ name, bytes }) => ({ name: `${String(pass)}/${name}`, bytes })),
  ).flat();
  const threads = availableParallelism();
  const bareLoop = await BareLoop.start(threads);
  const node = await NodeProcess.start({ options: { threads } });
  const client = await PhotoClient.connect(node);
  try {
    progress('warming up');
    await bareLoop.tag(photos);
    await client.tag(photos);
    const [bare, whole] = await inTurns(photos, bareLoop, client, progress);
    await expectRows(client, photos.length * (rounds + 1));
    const stageMs = await bareLoop.stages(photos.slice(0, stagePhotos));
    const { load } = bareLoop;
    return {
      threads,
      natsServer: client.serverVersion,
      photos: photos.length,
      bare,
      whole,
      wholeOverBare: median(whole.map((rate, round) => rate / bare[round]!)),
      stageMs,
      load,
      loadShare: (load.kernelMs + load.modelMs + load.threadsMs) / hourMs,
    };
  } finally {
    bareLoop.stop();
    await client.close();
    await node.stop();
  }
}

async function inTurns(
  photos: readonly BenchPhoto[],
  bareLoop: BareLoop,
  client: PhotoClient,
  progress: Progress,
): Promise<[bare: number[], whole: number[]]> {
  const [bare, whole]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    bare.push(photos.length / (await bareLoop.tag(photos)));
    whole.push(photos.length / (await client.tag(photos)));
    progress(
      `round ${String(round)} of ${String(rounds)}: bare ${bare.at(-1)!.toFixed(1)}/s, whole ${whole.at(-1)!.toFixed(1)}/s`,
    );
  }
  return [bare, whole];
}

/** Every photo of every round is a row: a rate of photos that were lost would be none. */
async function expectRows(client: PhotoClient, rows: number): Promise<void> {
  const stored = await client.stored();
  if (stored !== rows)
    throw new Error(`${String(rows)} photos were submitted, ${String(stored)} are stored.`);
}

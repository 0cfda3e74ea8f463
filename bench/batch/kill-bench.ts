import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NodeProcess } from '../../test/support/node-process.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import type { Progress } from '../results/part.ts';
import { writePixels } from './pixel-file.ts';
import { TaggingClient } from './tagging-client.ts';

/** A run whose node was killed. */
export interface KillFigures {
  readonly photos: number;
  readonly kills: number;
  /** Photos that were on record before each kill. */
  readonly doneAtKills: readonly number[];
  readonly undisturbedSeconds: number;
  /** With the node's starts. */
  readonly killedSeconds: number;
  /** Whether the results have the same bytes. */
  readonly identical: boolean;
}

/** Kills the node (SIGKILL) several times while `cluster tag` runs, and compares its results with those of an undisturbed run. */
export async function killBench(
  photos: readonly BenchPhoto[],
  count: number,
  kills: number,
  progress: Progress,
): Promise<KillFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-kill-bench-'));
  const [pixels, calm, killed] = ['photos.tsv', 'calm.tsv', 'killed.tsv'].map((name) => join(folder, name));
  await writePixels(pixels!, photos, count);
  const threads = availableParallelism();
  const node = await NodeProcess.start({ threads, jobThreads: threads, ackWaitMs: 2_000 });
  try {
    const undisturbedSeconds = await withClient(node, (client) => client.tag(pixels!, calm!));
    progress(`undisturbed: ${undisturbedSeconds.toFixed(1)} s`);
    const started = performance.now();
    const run = await withClient(node, (client) => client.begin(pixels!, killed!));
    const doneAtKills: number[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      doneAtKills.push(await untilBetween(node, run, (kill * count) / (kills + 1)));
      progress(`kill ${String(kill)} of ${String(kills)}, with ${String(doneAtKills.at(-1))} photos done`);
      await node.kill();
      await node.start();
    }
    await withClient(node, (client) => client.until(run, ({ state }) => state === 'done'));
    const killedSeconds = (performance.now() - started) / 1000;
    const identical = (await readFile(calm!)).equals(await readFile(killed!));
    return { photos: count, kills, doneAtKills, undisturbedSeconds, killedSeconds, identical };
  } finally {
    await node.dispose();
    await rm(folder, { recursive: true });
  }
}

/** Waits until so many photos are done, and somewhat longer: in the middle of something. */
async function untilBetween(node: NodeProcess, run: string, photos: number): Promise<number> {
  return await withClient(node, async (client) => {
    const { progress } = await client.until(run, (record) => (record.progress?.done ?? 0) >= photos);
    await setTimeout(1_000 * Math.random());
    return progress?.done ?? 0;
  });
}

async function withClient<T>(node: NodeProcess, work: (client: TaggingClient) => Promise<T>): Promise<T> {
  const client = await TaggingClient.connect({ url: node.url, dataFolder: node.data.path });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

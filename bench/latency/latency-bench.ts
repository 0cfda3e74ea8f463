import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { writePixels } from '../batch/pixel-file.ts';
import { TaggingClient } from '../batch/tagging-client.ts';
import { NodeProcess } from '../node/node-process.ts';
import { PhotoClient } from '../node/photo-client.ts';
import type { BenchPhoto } from '../photos/photo-set.ts';
import { median } from '../results/median.ts';
import type { Progress } from '../results/part.ts';
import { seeded } from '../../test/support/random.ts';

/** Milliseconds from submit to searchable of photos that come one by one. */
export interface Latency {
  readonly photos: number;
  readonly p50: number;
  readonly p95: number;
}

/** What was measured. */
export interface LatencyFigures {
  readonly threads: number;
  /** Photos a second that the node tags at most. */
  readonly capacity: number;
  /** By what else the node does: nothing, nothing but photos at {@link load} of its capacity, or a run of `cluster tag`. */
  readonly rounds: readonly Readonly<Record<State, Latency>>[];
  /** Of `backlog`, photos a second that the run got on with meanwhile. */
  readonly backlogRates: readonly number[];
}

/** See {@link LatencyFigures.rounds}. */
export type State = 'idle' | 'loaded' | 'backlog';

/** Photos a second in an idle cluster, and beside a backlog. */
const calmRate = 4;
const load = 0.7;

/**
 * Measures how long uploads take until they are searched, in turns: idle, under load, beside a backlog.
 * @param count - photos of each state in each round
 */
export async function latencyBench(
  photos: readonly BenchPhoto[],
  { count, rounds }: { readonly count: number; readonly rounds: number },
  progress: Progress,
): Promise<LatencyFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'autotag-latency-bench-'));
  const threads = availableParallelism();
  const node = await NodeProcess.start({ options: { threads, jobThreads: threads } });
  const client = await PhotoClient.connect(node);
  const tagging = await TaggingClient.connect(node);
  try {
    const backlog = new Backlog(tagging, folder);
    progress('warming up');
    await client.tag(photos.slice(0, 100));
    const capacity = 100 / (await client.tag(photos.slice(0, 100)));
    await backlog.prepare(photos, Math.ceil(2 * capacity * (count / calmRate + 10)));
    const found: Record<State, Latency>[] = [];
    const backlogRates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const arrive = (rate: number) => arrivals(client, photos, { count, rate, seed: round });
      const idle = await arrive(calmRate);
      const loaded = await arrive(load * capacity);
      const { during, rate } = await backlog.during(() => arrive(calmRate));
      found.push({ idle, loaded, backlog: during });
      backlogRates.push(rate);
      progress(
        `round ${String(round + 1)} of ${String(rounds)}: p95 ${[idle, loaded, during].map(({ p95 }) => p95.toFixed(0)).join(', ')} ms`,
      );
    }
    return { threads, capacity, rounds: found, backlogRates };
  } finally {
    await client.close();
    await tagging.close();
    await node.stop();
    await rm(folder, { recursive: true });
  }
}

/** The median of the rounds' figures. */
export function latencyOf(
  { rounds }: Pick<LatencyFigures, 'rounds'>,
  figure: 'p50' | 'p95',
): Record<State, number> {
  const of = (state: State) => median(rounds.map((round) => round[state][figure]));
  return { idle: of('idle'), loaded: of('loaded'), backlog: of('backlog') };
}

/** Submits photos at random times, as many people do, whatever becomes of those before. */
async function arrivals(
  client: PhotoClient,
  photos: readonly BenchPhoto[],
  { count, rate, seed }: { readonly count: number; readonly rate: number; readonly seed: number },
): Promise<Latency> {
  const random = seeded(seed + 1);
  const results: Promise<number>[] = [];
  let due = performance.now();
  for (let number = 0; number < count; number += 1) {
    due += (-1000 * Math.log(1 - random.fraction())) / rate;
    await setTimeout(Math.max(0, due - performance.now()));
    results.push(client.latency(photos[number % photos.length]!));
  }
  const times = (await Promise.all(results)).sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
  return { photos: count, p50: at(0.5), p95: at(0.95) };
}

/** A run of `cluster tag` that is long enough. */
class Backlog {
  readonly #client: TaggingClient;
  readonly #pixels: string;
  readonly #out: string;

  constructor(client: TaggingClient, folder: string) {
    this.#client = client;
    this.#pixels = join(folder, 'backlog.tsv');
    this.#out = join(folder, 'tags.tsv');
  }

  prepare(photos: readonly BenchPhoto[], count: number): Promise<void> {
    return writePixels(this.#pixels, photos, count);
  }

  /** Does something while a run is under way; the run is cancelled then. */
  async during<T>(work: () => Promise<T>): Promise<{ during: T; rate: number }> {
    const run = await this.#client.begin(this.#pixels, this.#out);
    const { progress: before } = await this.#client.until(run, ({ progress }) => (progress?.done ?? 0) > 0);
    const started = performance.now();
    const during = await work();
    const seconds = (performance.now() - started) / 1000;
    const { progress: after, state } = await this.#client.look(run);
    if (state !== 'running') throw new Error(`The backlog was too short: it is ${state}.`);
    await this.#client.cancel(run);
    return { during, rate: ((after?.done ?? 0) - (before?.done ?? 0)) / seconds };
  }
}

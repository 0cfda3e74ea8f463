import type { ClusterClient } from './cluster-client.ts';

/** How throughput went while something was done. */
export interface Dip {
  /** Photos a second in the time before. */
  readonly before: number;
  /** The fewest of any second, in % of that. */
  readonly lowest1: number;
  /** The fewest of any five seconds, in % of that. */
  readonly lowest5: number;
  /** For how long five seconds had less than 90 % of it, ms. */
  readonly below90Ms: number;
}

const sampleMs = 100;
const beforeMs = 15_000;
const afterMs = 20_000;

/** Measures what a change costs in throughput: does `act` under a steady load, and counts results before, meanwhile and after. */
export async function measureDip(client: ClusterClient, act: () => Promise<unknown>): Promise<Dip> {
  const counter = new ResultCounter(client);
  try {
    await sleep(beforeMs);
    const from = counter.length;
    const before = counter.perSecond(0, from);
    await act();
    await sleep(afterMs);
    const percent = (windowMs: number) =>
      Math.round((100 * Math.min(...counter.windows(from, windowMs))) / before);
    const low = counter.windows(from, 5_000).filter((rate) => rate < 0.9 * before);
    return {
      before: Math.round(before * 10) / 10,
      lowest1: percent(1_000),
      lowest5: percent(5_000),
      below90Ms: low.length * sampleMs,
    };
  } finally {
    counter.stop();
  }
}

/** Photos a second over `forMs`. */
export async function throughput(client: ClusterClient, forMs: number): Promise<number> {
  const started = performance.now();
  const { size } = client.results;
  await sleep(forMs);
  return ((client.results.size - size) * 1_000) / (performance.now() - started);
}

/** Counts results, a sample each {@link sampleMs}. */
class ResultCounter {
  readonly #samples: { readonly at: number; readonly results: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(client: ClusterClient) {
    const sample = () => this.#samples.push({ at: performance.now(), results: client.results.size });
    sample();
    this.#timer = setInterval(sample, sampleMs);
  }

  get length(): number {
    return this.#samples.length - 1;
  }

  /** Photos a second from one sample to another. */
  perSecond(from: number, to: number): number {
    const [first, last] = [this.#samples[from], this.#samples[to]];
    if (first === undefined || last === undefined || last.at === first.at) return 0;
    return ((last.results - first.results) * 1_000) / (last.at - first.at);
  }

  /** Photos a second of each window of this length, from sample `from` on. */
  windows(from: number, windowMs: number): number[] {
    const width = windowMs / sampleMs;
    const count = Math.max(0, this.length - from - width + 1);
    return Array.from({ length: count }, (_, index) => this.perSecond(from + index, from + index + width));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

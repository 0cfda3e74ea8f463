import type { ClusterClient } from '../support/cluster-client.ts';
import type { ChaosFault } from '../support/faults.ts';
import type { GivenOptions, NodeProcess } from '../support/node-process.ts';
import { numbered } from '../support/photos.ts';
import { ProcessCluster } from '../support/process-cluster.ts';
import { seeded } from '../support/random.ts';
import { Workload, type WorkloadOptions } from '../support/workload.ts';
import { takeCensus, type Census } from './census.ts';

/** A workload, what goes wrong meanwhile, and what has to hold afterwards. */
export interface Scenario {
  readonly name: string;
  readonly workload: WorkloadOptions;
  readonly options?: GivenOptions;
  /** Default 1. */
  readonly nodes?: number;
  readonly faults: readonly ChaosFault[];
  /** What the faults note: how long it was each time until photos acknowledged before were settled, ms. */
  readonly recoveriesMs?: readonly number[];
  /** Most kernel runs for each acknowledged photo. */
  readonly maxRunsPerPhoto?: number;
  /** Makes what the scenario needs on the node's data folder before photos are submitted. */
  readonly prepare?: (node: NodeProcess, client: ClusterClient) => Promise<void>;
  /** Looks at the results as well; answers what is wrong with them. */
  readonly check?: (client: ClusterClient, workload: Workload) => Promise<readonly string[]>;
}

/** What a scenario has shown. */
export interface ScenarioReport {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  /** How often each fault was done. */
  readonly faults: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  /** Acknowledged photos that have a row. */
  readonly rows: number;
  /** Acknowledged photos that are dead letters. */
  readonly dead: number;
  /** Acknowledged photos that are neither. */
  readonly lost: number;
  readonly kernelRuns: number;
  readonly kernelRunsPerPhoto: number;
  readonly redeliveries: number;
  /** See {@link Scenario.recoveriesMs}. */
  readonly recoveryMs?: { readonly median: number; readonly worst: number };
  /** Resident memory of the first node before and after, MiB. */
  readonly residentMib: readonly [before: number, after: number];
  /** Everything that does not hold; empty if the scenario passed. */
  readonly violations: readonly string[];
}

const warmUpPhotos = 100;
const settleTimeoutMs = 180_000;
const mebibyte = 1024 * 1024;
/** What a process may hold beyond its base: heaps shrink when they like, not when nothing needs them. */
const allowedGrowth = 1.25;
const allowedGrowthBytes = 48 * mebibyte;

/** The node before and after. */
interface Footprint {
  readonly residentBytes: number;
  readonly processes: readonly string[];
}

/** Runs a scenario on a cluster of its own. */
export async function runScenario(scenario: Scenario, seed: number): Promise<ScenarioReport> {
  const started = performance.now();
  const cluster = await ProcessCluster.start(scenario.nodes ?? 1, scenario.options);
  try {
    const client = await cluster.first.connect();
    try {
      await scenario.prepare?.(cluster.first, client);
      await warmUp(cluster, client);
      const before = await footprint(client);
      const runsBefore = await cluster.count('autotag_kernel_runs_total');
      const workload = new Workload(client, scenario.workload);
      const faults = await disturb(scenario, { cluster, client, workload, seed });
      await untilIdle(cluster, client);
      const kernelRuns = (await cluster.count('autotag_kernel_runs_total')) - runsBefore;
      const census = await takeCensus(client, workload, warmUpPhotos);
      const after = await footprint(client, before);
      const wrong = (await scenario.check?.(client, workload)) ?? [];
      const photos = workload.acknowledged.size;
      const runsPerPhoto = kernelRuns / photos;
      return {
        name: scenario.name,
        seed,
        seconds: Math.round((performance.now() - started) / 1000),
        faults,
        acknowledged: photos,
        rows: census.rows,
        dead: census.dead,
        lost: census.lost.length,
        kernelRuns,
        kernelRunsPerPhoto: Math.round(runsPerPhoto * 10_000) / 10_000,
        redeliveries: await cluster.count('autotag_redeliveries_total'),
        ...recoveryOf(scenario),
        residentMib: [mebibytes(before), mebibytes(after)],
        violations: [...violationsOf(scenario, census, runsPerPhoto), ...growthOf(before, after), ...wrong],
      };
    } finally {
      await client.close();
    }
  } catch (error) {
    throw new Error(`${scenario.name}, seed ${String(seed)}; the logs end:\n${cluster.log()}`, {
      cause: error,
    });
  } finally {
    await cluster.dispose();
  }
}

/** Runs the workload and all faults side by side. */
async function disturb(
  { faults, workload: { photos } }: Scenario,
  {
    cluster,
    seed,
    ...context
  }: { cluster: ProcessCluster; client: ClusterClient; workload: Workload; seed: number },
): Promise<Record<string, number>> {
  const over = new AbortController();
  const random = seeded(seed);
  const { first: node, others } = cluster;
  const running = faults.map(({ name, finite, run }) => {
    const count = run({ ...context, node, others, random, over: over.signal }).then(
      (done) => [name, done] as const,
    );
    count.catch(() => undefined);
    return { finite, count };
  });
  await context.workload.run();
  await Promise.all(running.filter(({ finite }) => finite).map(({ count }) => count));
  // Faults go on for as long as there is something to disturb.
  await untilQueueIsBelow(cluster, context.client, Math.min(50, photos / 10));
  over.abort();
  return Object.fromEntries(await Promise.all(running.map(({ count }) => count)));
}

async function warmUp(cluster: ProcessCluster, client: ClusterClient): Promise<void> {
  for (let number = 0; number < warmUpPhotos; number++)
    await client.submit({ id: `warm-up-${String(number)}`, bytes: await numbered(number) });
  await untilIdle(cluster, client);
}

async function untilIdle(cluster: ProcessCluster, client: ClusterClient): Promise<void> {
  await untilQueueIsBelow(cluster, client, 1);
}

async function untilQueueIsBelow(
  cluster: ProcessCluster,
  client: ClusterClient,
  photos: number,
): Promise<void> {
  const deadline = performance.now() + settleTimeoutMs;
  let last: unknown;
  while (!cluster.failed && performance.now() < deadline) {
    try {
      const { queue } = await client.status();
      if (queue.photos < photos) return;
      last = queue;
    } catch (error) {
      // Whoever answers is just being killed.
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (cluster.failed) throw new Error('a node has ended');
  const spout = await client.inspect('state', 'photos').catch(String);
  throw new Error(`the queue is not done: ${JSON.stringify([last, spout])}`);
}

/** With `base`, waits until the node has come back to it, or is not going to. */
async function footprint(client: ClusterClient, base?: Footprint): Promise<Footprint> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const { memory } = (await client.inspect('node')) as { memory: { rss: number } };
    const processes = (await client.processes()).map(({ child, name, phase }) =>
      // A task that has moved has another number.
      [(child ?? name ?? '?').replace(/:\d+$/, ''), phase].join(' '),
    );
    const now = { residentBytes: memory.rss, processes: processes.toSorted() };
    if (base === undefined || growthOf(base, now).length === 0 || performance.now() > deadline) return now;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function growthOf(before: Footprint, after: Footprint): string[] {
  const allowed = before.residentBytes * allowedGrowth + allowedGrowthBytes;
  return [
    ...(after.residentBytes <= allowed
      ? []
      : [`resident memory went from ${String(mebibytes(before))} to ${String(mebibytes(after))} MiB`]),
    ...(before.processes.join() === after.processes.join()
      ? []
      : [`the actors were [${before.processes.join(', ')}], and are [${after.processes.join(', ')}]`]),
  ];
}

function violationsOf(scenario: Scenario, census: Census, runsPerPhoto: number): string[] {
  const { maxRunsPerPhoto = Infinity } = scenario;
  return [
    ...(census.lost.length === 0 ? [] : [`lost: ${census.lost.slice(0, 10).join(', ')}`]),
    ...census.problems,
    ...(runsPerPhoto <= maxRunsPerPhoto
      ? []
      : [`${String(runsPerPhoto)} kernel runs a photo, more than ${String(maxRunsPerPhoto)}`]),
  ];
}

function recoveryOf({ recoveriesMs = [] }: Scenario): Pick<ScenarioReport, 'recoveryMs'> {
  if (recoveriesMs.length === 0) return {};
  const sorted = recoveriesMs.map(Math.round).sort((one, other) => one - other);
  return { recoveryMs: { median: sorted[sorted.length >> 1]!, worst: sorted.at(-1)! } };
}

function mebibytes({ residentBytes }: Footprint): number {
  return Math.round(residentBytes / mebibyte);
}

import { setMaxListeners } from 'node:events';
import type { ClusterClient } from '../support/cluster-client.ts';
import type { ChaosFault, FaultContext } from '../support/fault-schedule.ts';
import type { GivenOptions, NodeProcess } from '../support/node-process.ts';
import { numbered } from '../support/photos.ts';
import { ProcessCluster, type ClusterSetting } from '../support/process-cluster.ts';
import { seeded } from '../support/random.ts';
import { Workload, type WorkloadOptions } from '../support/workload.ts';
import { takeCensus, type Census } from './census.ts';
import { footprint, growthOf, residentMib, type Footprint } from './footprint.ts';
import { Figures, type FigureSummary } from './figures.ts';

/** A workload, what goes wrong meanwhile, and what has to hold afterwards. */
export interface Scenario {
  readonly name: string;
  /** Without a number of photos, it goes on until all finite faults have ended. */
  readonly workload: WorkloadOptions;
  readonly options?: GivenOptions;
  /** Default 1. */
  readonly nodes?: number;
  /** See {@link ClusterSetting}. */
  readonly on?: NonNullable<ClusterSetting['on']>;
  /** Whether results are in PostgreSQL. Default false. */
  readonly database?: boolean;
  /** Other code for the worker threads. */
  readonly threadEntry?: URL;
  readonly faults: readonly ChaosFault[];
  /** The most that a figure which the faults take down may be. */
  readonly bounds?: Readonly<Record<string, number>>;
  /** Whether nothing may be a dead letter but what no node can tag. */
  readonly allTagged?: boolean;
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
  /** Acknowledged photos that no node can tag: they are among the dead. */
  readonly poison: number;
  /** Why others are dead letters. */
  readonly buried: readonly string[];
  /** Acknowledged photos that are neither. */
  readonly lost: number;
  /** Photos that were stored more than once. */
  readonly doubled: number;
  readonly kernelRuns: number;
  readonly kernelRunsPerPhoto: number;
  readonly redeliveries: number;
  /** What the faults took down. */
  readonly figures: Readonly<Record<string, FigureSummary>>;
  /** Resident memory of the first node before and after, MiB. */
  readonly residentMib: readonly [before: number, after: number];
  /** Everything that does not hold; empty if the scenario passed. */
  readonly violations: readonly string[];
}

const warmUpPhotos = 100;
const settleTimeoutMs = 180_000;

/** Runs a scenario on a cluster of its own. */
export async function runScenario(scenario: Scenario, seed: number): Promise<ScenarioReport> {
  const started = performance.now();
  const cluster = await ProcessCluster.start(scenario.nodes ?? 1, scenario.options, scenario);
  try {
    const client = await cluster.connect();
    try {
      await scenario.prepare?.(cluster.first, client);
      await warmUp(cluster, client);
      const before = await footprint(cluster, client);
      const runsBefore = await cluster.count('autotag_kernel_runs_total');
      const workload = new Workload(client, scenario.workload);
      const figures = new Figures();
      const violations: string[] = [];
      const faults = await disturb(scenario, seed, cluster, {
        client,
        workload,
        measured: figures.add,
        violated: (what) => violations.push(what),
      });
      await untilIdle(cluster, client);
      const kernelRuns = (await cluster.count('autotag_kernel_runs_total')) - runsBefore;
      const census = await takeCensus(client, workload, warmUpPhotos);
      const after = await footprint(cluster, client, before);
      const wrong = (await scenario.check?.(client, workload)) ?? [];
      const photos = workload.acknowledged.size;
      const poison = [...workload.poison].filter((id) => workload.acknowledged.has(id)).length;
      const runsPerPhoto = kernelRuns / photos;
      return {
        name: scenario.name,
        seed,
        seconds: Math.round((performance.now() - started) / 1000),
        faults,
        acknowledged: photos,
        rows: census.rows,
        dead: census.dead,
        poison,
        buried: census.buried,
        lost: census.lost.length,
        doubled: census.doubled,
        kernelRuns,
        kernelRunsPerPhoto: Math.round(runsPerPhoto * 10_000) / 10_000,
        redeliveries: await cluster.count('autotag_redeliveries_total'),
        figures: figures.summaries(),
        residentMib: residentMib(before, after),
        violations: [
          ...violations,
          ...violationsOf(scenario, census, runsPerPhoto),
          ...(scenario.allTagged === true ? census.buried : []),
          ...figures.beyond(scenario.bounds),
          ...(await grown(client, before, after)),
          ...wrong,
        ],
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
  seed: number,
  cluster: ProcessCluster,
  context: Pick<FaultContext, 'client' | 'workload' | 'measured' | 'violated'>,
): Promise<Record<string, number>> {
  const { client, workload } = context;
  const over = new AbortController();
  // Each fault listens.
  setMaxListeners(0, over.signal);
  const { first: node, others, servers, machines } = cluster;
  const busy = new Set<NodeProcess>();
  const running = faults.map(({ name, finite, run }, index) => {
    const random = seeded(seed + 7919 * index);
    const done = run({ ...context, node, others, servers, machines, busy, random, over: over.signal });
    const count = done.then((times) => [name, times] as const);
    count.catch(workload.end);
    return { finite, count };
  });
  const finite = Promise.all(running.filter((one) => one.finite).map(({ count }) => count));
  finite.catch(() => undefined);
  if (photos === undefined) void finite.then(workload.end, () => undefined);
  try {
    await workload.run();
    await finite;
    // Faults go on for as long as there is something to disturb.
    await untilQueueIsBelow(cluster, client, Math.min(50, workload.acknowledged.size / 10));
  } finally {
    over.abort();
  }
  return Object.fromEntries(await Promise.all(running.map(({ count }) => count)));
}

/** What has grown, and which tasks say that they have failed. */
async function grown(client: ClusterClient, before: Footprint, after: Footprint): Promise<string[]> {
  const found = growthOf(before, after);
  if (found.length === 0) return [];
  return [...found, `the topologies: ${JSON.stringify(await client.ask('topologyList', {}, {}))}`];
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

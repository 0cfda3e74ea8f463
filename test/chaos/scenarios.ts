import {
  deactivatePhotos,
  killActors,
  killNatsServer,
  killNode,
  killOtherNode,
  killTagStore,
  killThreads,
  pauseOtherNode,
  rebalancePhotos,
} from '../support/faults.ts';
import type { GivenOptions } from '../support/node-process.ts';
import type { WorkloadOptions } from '../support/workload.ts';
import { modelSwap } from './model-swap.ts';
import type { Scenario } from './scenario.ts';

/** Most kernel runs for each acknowledged photo where nothing goes wrong. */
const undisturbedRuns = 1.02;
const threads = 2;

/** How large the scenarios are. */
export interface ScenarioSizes {
  /** Photos of each. */
  readonly photos: number;
  /** Photos a second. */
  readonly rate: number;
  /** Worker threads killed where they alone are. */
  readonly kills: number;
  readonly swaps: number;
  /** Nodes killed where it is measured how long their photos wait. Default 20. */
  readonly recoveries?: number;
  /** Lease on a photo, ms: how long those of a killed node have to wait. Default that of a node. */
  readonly ackWaitMs?: number;
}

/** Makes every scenario, by its short name. */
export function scenarios({
  photos,
  rate,
  kills,
  swaps,
  recoveries = 20,
  ackWaitMs,
}: ScenarioSizes): Record<string, () => Promise<Scenario>> {
  const load = { photos, rate };
  const options = { threads, ...(ackWaitMs === undefined ? {} : { ackWaitMs }) };
  const made = (scenario: Scenario) => () => Promise.resolve(scenario);
  return {
    undisturbed: made({
      name: 'undisturbed',
      workload: load,
      options,
      faults: [],
      maxRunsPerPhoto: undisturbedRuns,
    }),
    threads: made({
      name: 'a thread killed each second',
      workload: load,
      options,
      faults: [killThreads(threads, 1_000)],
    }),
    node: made({
      name: 'the node killed three times',
      workload: load,
      options,
      faults: [killNode(3)],
    }),
    nats: made({
      name: 'nats-server killed three times',
      workload: load,
      options,
      faults: [killNatsServer(3)],
    }),
    store: made({
      name: 'the tag store killed',
      workload: load,
      options,
      faults: [killTagStore(8_000)],
    }),
    actors: made({
      name: 'actors killed',
      workload: load,
      options,
      faults: [killActors(['photos', 'dbwriter', 'autotag-0', 'autotag-1', 'models'], 3_000)],
    }),
    recovery: () => Promise.resolve(nodeRecovery(load, { ...options, threads: 1 }, recoveries)),
    nodes: made({
      name: 'nodes killed and paused',
      workload: load,
      options: { ...options, threads: 1 },
      nodes: 3,
      faults: [killOtherNode(3), pauseOtherNode(1, 1.5 * (ackWaitMs ?? 10_000))],
    }),
    rebalance: made({
      name: 'rebalanced and deactivated',
      workload: load,
      options: { ...options, threads: 1 },
      nodes: 3,
      faults: [rebalancePhotos(4, 3), deactivatePhotos(1, 2_000)],
      // What is handed back before a thread has it is delivered twice and run once.
      maxRunsPerPhoto: undisturbedRuns,
    }),
    cluster: made({
      name: 'everything at once, on three nodes',
      workload: load,
      options: { ...options, threads: 1 },
      nodes: 3,
      faults: [
        killOtherNode(3),
        killNode(1),
        killNatsServer(2),
        killTagStore(12_000),
        killActors(['photos', 'dbwriter', 'autotag-0'], 9_000),
      ],
    }),
    all: made({
      name: 'everything at once',
      workload: load,
      options,
      faults: [
        killThreads(threads, 2_000),
        killNode(2),
        killNatsServer(3),
        killTagStore(12_000),
        killActors(['photos', 'dbwriter', 'autotag-0'], 9_000),
      ],
    }),
    kills: () => Promise.resolve(manyKills(kills)),
    swaps: () => modelSwap(photos, rate, swaps),
  };
}

/** The workload goes on for as long as the kills take: each one's photos wait for the end of their leases. */
function nodeRecovery({ rate }: WorkloadOptions, options: GivenOptions, times: number): Scenario {
  const recoveriesMs: number[] = [];
  return {
    name: `${String(times)} nodes killed, one by one`,
    workload: { photos: rate * 13 * (times + 1), rate, pictures: 500 },
    options,
    nodes: 3,
    faults: [killOtherNode(times, recoveriesMs)],
    recoveriesMs,
  };
}

/** As many as a node with eight threads takes without giving up: its intensity allows 16 a second. */
function manyKills(kills: number): Scenario {
  const everyMs = 80;
  return {
    name: `${String(kills)} threads killed`,
    // A little longer than the kills take.
    workload: { photos: Math.ceil((kills * 100 * 6) / 1_000), rate: 5, pictures: 500 },
    options: { threads: 8 },
    faults: [killThreads(8, everyMs, kills)],
  };
}

import {
  deactivatePhotos,
  killActors,
  killNatsServer,
  killNode,
  killTagStore,
  killThreads,
  rebalancePhotos,
} from '../support/faults.ts';
import { killOtherNode, pauseOtherNode } from '../support/node-faults.ts';
import { jumpClocks, slowDisk } from '../support/surroundings-faults.ts';
import {
  cutNodes,
  databaseRecovery,
  deployCost,
  fastKills,
  hungPhotos,
  leaderRecovery,
  nodeRecovery,
  pausedLeader,
  rebalanceCost,
  serverRecovery,
} from './measurements.ts';
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
  /** Length of each phase of `threads-fast`. Default 5. */
  readonly minutes?: number;
  /** How often each fault is done that is measured one by one. Default 20. */
  readonly times?: number;
  /** Shorter leases and deadlines than those of a node, and no bounds: for the test suite. Default false. */
  readonly quick?: boolean;
}

const quickly = { ackWaitMs: 1_500, nodeLeaseMs: 2_000, taskTimeoutMs: 3_000, maxAttempts: 3 };

/** Makes every scenario, by its short name. */
export function scenarios({
  photos,
  rate,
  kills,
  swaps,
  times = 20,
  minutes = 5,
  quick = false,
}: ScenarioSizes): Record<string, () => Promise<Scenario>> {
  const load = { photos, rate };
  const options = { threads, ...(quick ? quickly : {}) };
  const onSeveral = { ...options, threads: 1 };
  const measured = { times, rate, options: onSeveral, bounded: !quick };
  const few = { ...measured, times: Math.min(times, 3) };
  const made = (scenario: Scenario) => () => Promise.resolve(scenario);
  return {
    undisturbed: made({
      name: 'undisturbed',
      workload: load,
      options,
      faults: [],
      maxRunsPerPhoto: undisturbedRuns,
      allTagged: true,
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
    recovery: made(nodeRecovery(measured)),
    postgres: made(databaseRecovery(measured)),
    leader: made(leaderRecovery(measured)),
    servers: made(serverRecovery(measured)),
    'leader-paused': made(pausedLeader(few)),
    hung: made(hungPhotos({ ...measured, options })),
    'threads-fast': made(fastKills(minutes)),
    'dip-rebalance': made(rebalanceCost(few)),
    'dip-deploy': made(deployCost(few)),
    cut: made(cutNodes(few)),
    poison: made({
      name: 'poison among the photos',
      workload: { ...load, poisonEvery: 10 },
      options,
      faults: [],
      maxRunsPerPhoto: undisturbedRuns,
      allTagged: true,
    }),
    clocks: made({
      name: 'clocks jumped',
      workload: load,
      options: onSeveral,
      nodes: 3,
      faults: [jumpClocks(1_000)],
      maxRunsPerPhoto: undisturbedRuns,
      allTagged: true,
    }),
    disk: made({
      name: 'a slow disk',
      workload: load,
      options,
      faults: [slowDisk(2, 10_000, 50)],
      allTagged: true,
    }),
    nodes: made({
      name: 'nodes killed and paused',
      workload: load,
      options: onSeveral,
      nodes: 3,
      faults: [killOtherNode(3), pauseOtherNode(1, 1.5 * (quick ? quickly.ackWaitMs : 10_000))],
    }),
    rebalance: made({
      name: 'rebalanced and deactivated',
      workload: load,
      options: onSeveral,
      nodes: 3,
      faults: [rebalancePhotos(4, 3), deactivatePhotos(1, 2_000)],
      // What is handed back before a thread has it is delivered twice and run once.
      maxRunsPerPhoto: undisturbedRuns,
    }),
    cluster: made({
      name: 'everything at once, on three nodes',
      workload: { ...load, poisonEvery: 30 },
      options: onSeveral,
      nodes: 3,
      faults: [
        killOtherNode(3),
        killNode(1),
        killNatsServer(2),
        killTagStore(12_000),
        killActors(['photos', 'dbwriter', 'autotag-0'], 9_000),
        jumpClocks(5_000),
      ],
    }),
    all: made({
      name: 'everything at once',
      workload: { ...load, poisonEvery: 30 },
      options,
      faults: [
        killThreads(threads, 2_000),
        killNode(2),
        killNatsServer(3),
        killTagStore(12_000),
        killActors(['photos', 'dbwriter', 'autotag-0'], 9_000),
        jumpClocks(5_000),
      ],
    }),
    kills: made(manyKills(kills)),
    swaps: () => modelSwap(photos, rate, swaps),
  };
}

/** As many as a node with eight threads takes without giving up: its intensity allows 16 a second. */
function manyKills(kills: number): Scenario {
  const everyMs = 80;
  return {
    name: `${String(kills)} threads killed`,
    workload: { rate: 5 },
    options: { threads: 8 },
    faults: [killThreads(8, everyMs, kills)],
  };
}

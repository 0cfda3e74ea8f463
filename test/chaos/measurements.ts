import { builtEntry } from '../../src/base/built-entry.ts';
import { deployDips, versioned } from '../support/deploy-faults.ts';
import { machinesObstacle } from '../support/machines.ts';
import { killLeader, leading, leaveLeadingToOthers, pauseLeader } from '../support/leader-faults.ts';
import { killThreadsBesideUndisturbed, rebalanceDips } from '../support/load-faults.ts';
import { recoverFromAnyKill, recoverFromKills, recovery } from '../support/node-faults.ts';
import type { GivenOptions } from '../support/node-process.ts';
import { hangPhoto } from '../support/photo-faults.ts';
import { killStreamLeader, publishing } from '../support/server-faults.ts';
import { cutOtherNode } from '../support/surroundings-faults.ts';
import type { Scenario } from './scenario.ts';

/** How a fault is measured that is done again and again, one by one, until photos are well again. */
export interface MeasurementSizes {
  /** How often it is done. */
  readonly times: number;
  /** Photos a second meanwhile. */
  readonly rate: number;
  readonly options: GivenOptions;
  /** Whether figures are held against what is promised of a machine that has nothing else to do. */
  readonly bounded: boolean;
}

/** Beyond the lease on its photos, ms. */
const recoveryGraceMs = 1_000;
const defaultAckWaitMs = 10_000;
const defaultMaxAttempts = 5;
const leaderBoundMs = 10_000;
const publishingBoundMs = 20_000;
/** Each node on a machine of its own, where that can be had. */
const apart: Pick<Scenario, 'on'> = machinesObstacle === undefined ? { on: 'machines' } : {};

/** Nodes are killed while they have photos; photos come in bursts, so that they have some. */
export function nodeRecovery({ times, rate, options, bounded }: MeasurementSizes): Scenario {
  const { ackWaitMs = defaultAckWaitMs } = options;
  return {
    name: `${String(times)} nodes killed, one by one`,
    workload: { rate, burst: 2 * rate },
    options,
    ...apart,
    nodes: 3,
    faults: [recoverFromKills(times)],
    ...(bounded ? { bounds: { [recovery.waited]: Number(ackWaitMs) + recoveryGraceMs } } : {}),
  };
}

/**
 * Results are in PostgreSQL, and each node is killed in turn while it has photos, the first one among them, which has the runs and leads: the
 * others finish them, and answer searches.
 */
export function databaseRecovery({ times, rate, options, bounded }: MeasurementSizes): Scenario {
  const { ackWaitMs = defaultAckWaitMs } = options;
  return {
    name: `${String(times)} nodes killed, each in turn, with PostgreSQL`,
    workload: { rate, burst: 2 * rate },
    options,
    nodes: 3,
    on: 'server',
    database: true,
    faults: [recoverFromAnyKill(times)],
    ...(bounded ? { bounds: { [recovery.waited]: Number(ackWaitMs) + recoveryGraceMs } } : {}),
  };
}

/** The node that leads is killed; never the one with nats-server and the stores, whose leadership is suspended. */
export function leaderRecovery({ times, rate, options, bounded }: MeasurementSizes): Scenario {
  return {
    name: `${String(times)} leaders killed, one by one`,
    workload: { rate },
    options,
    ...apart,
    nodes: 3,
    prepare: (_, client) => leaveLeadingToOthers(client),
    faults: [killLeader(times)],
    ...(bounded ? { bounds: { [leading]: leaderBoundMs } } : {}),
  };
}

/** On three nats-servers, the one that leads the stream of photos is killed. */
export function serverRecovery({ times, rate, options, bounded }: MeasurementSizes): Scenario {
  return {
    name: `${String(times)} stream leaders killed, one by one`,
    workload: { rate },
    options,
    nodes: 3,
    on: 'servers',
    faults: [killStreamLeader(times)],
    ...(bounded ? { bounds: { [publishing]: publishingBoundMs } } : {}),
  };
}

/** The node that leads stands still, longer than any lease; then it wakes up. */
export function pausedLeader({ times, rate, options }: MeasurementSizes): Scenario {
  return {
    name: `${String(times)} leaders paused for 30 s`,
    workload: { rate, burst: 2 * rate },
    options,
    ...apart,
    nodes: 3,
    prepare: (_, client) => leaveLeadingToOthers(client),
    faults: [pauseLeader(times, 30_000)],
  };
}

/** One photo hangs in the decoder and one in the kernel, each time; all others are tagged. */
export function hungPhotos({ rate, options }: MeasurementSizes): Scenario {
  const { maxAttempts = defaultMaxAttempts } = options;
  return {
    name: 'photos that hang',
    workload: { rate },
    options,
    threadEntry: builtEntry('../support/hanging-thread-entry', import.meta.url),
    faults: [hangPhoto('decoding', Number(maxAttempts)), hangPhoto('kernel', Number(maxAttempts))],
    allTagged: true,
  };
}

/** Threads are killed as fast as five a second, beside a time without. */
export function fastKills(minutes: number): Scenario {
  const threads = 8;
  return {
    name: 'threads killed at 5 a second',
    workload: { rate: 0, backlog: 64 },
    options: { threads },
    faults: [killThreadsBesideUndisturbed(threads, 200, minutes * 60_000)],
  };
}

/** The topology goes from one node to three and back, under a load that one node bears. */
export function rebalanceCost({ times, rate, options }: MeasurementSizes): Scenario {
  return {
    name: 'rebalanced from 1 to 3 nodes and back',
    workload: { rate },
    options,
    ...apart,
    nodes: 3,
    prepare: async (_, client) => {
      await client.ask('topologyRebalance', {}, { name: 'photos', nodes: 1 });
    },
    faults: [rebalanceDips(times)],
  };
}

/** A bolt of a user is upgraded on three nodes and taken back, under load. */
export function deployCost({ times, rate, options }: MeasurementSizes): Scenario {
  return {
    name: 'deployed anew and rolled back',
    workload: { rate },
    options,
    ...apart,
    ...versioned,
    nodes: 3,
    faults: [deployDips(times)],
    allTagged: true,
  };
}

/** Nodes on machines of their own are cut off from the network, one by one, for longer than any lease. */
export function cutNodes({ times, rate, options }: MeasurementSizes): Scenario {
  const { ackWaitMs = defaultAckWaitMs } = options;
  const forMs = 1.5 * Number(ackWaitMs);
  return {
    name: `${String(times)} nodes cut off, one by one`,
    workload: { rate, photos: Math.ceil((rate * (times + 1) * 2 * forMs) / 1_000) },
    options,
    nodes: 3,
    on: 'machines',
    faults: [cutOtherNode(times, forMs)],
  };
}

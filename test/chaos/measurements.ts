import { figures, killLeader, leaveLeadingToOthers, recoverFromKills } from '../support/node-faults.ts';
import type { GivenOptions } from '../support/node-process.ts';
import { killStreamLeader, publishing } from '../support/server-faults.ts';
import type { Scenario } from './scenario.ts';

/** How a fault is measured that is done again and again, one by one, until photos are well again. */
export interface MeasurementSizes {
  /** How often it is done. */
  readonly times: number;
  /** Photos a second meanwhile. */
  readonly rate: number;
  readonly options: GivenOptions;
}

/** Beyond the lease on its photos, ms. */
const recoveryGraceMs = 1_000;
const defaultAckWaitMs = 10_000;
const leaderBoundMs = 10_000;
const publishingBoundMs = 20_000;

/** Nodes are killed while they have photos; photos come in bursts, so that they have some. */
export function nodeRecovery({ times, rate, options }: MeasurementSizes): Scenario {
  const { ackWaitMs = defaultAckWaitMs } = options;
  return {
    name: `${String(times)} nodes killed, one by one`,
    workload: { rate, burst: 2 * rate },
    options,
    nodes: 3,
    faults: [recoverFromKills(times)],
    bounds: { [figures.recovery]: Number(ackWaitMs) + recoveryGraceMs },
  };
}

/** The node that leads is killed; never the one with nats-server and the stores, whose leadership is suspended. */
export function leaderRecovery({ times, rate, options }: MeasurementSizes): Scenario {
  return {
    name: `${String(times)} leaders killed, one by one`,
    workload: { rate },
    options,
    nodes: 3,
    prepare: (_, client) => leaveLeadingToOthers(client),
    faults: [killLeader(times)],
    bounds: { [figures.leader]: leaderBoundMs },
  };
}

/** On three nats-servers, the one that leads the stream of photos is killed. */
export function serverRecovery({ times, rate, options }: MeasurementSizes): Scenario {
  return {
    name: `${String(times)} stream leaders killed, one by one`,
    workload: { rate },
    options,
    nodes: 3,
    on: 'servers',
    faults: [killStreamLeader(times)],
    bounds: { [publishing]: publishingBoundMs },
  };
}

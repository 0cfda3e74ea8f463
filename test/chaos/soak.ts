import { deployVersions, versionBolt, versioned } from '../support/deploy-faults.ts';
import { killActors, killNatsServer, killNode, killTagStore, killThreads } from '../support/faults.ts';
import { machinesObstacle } from '../support/machines.ts';
import { killOtherNode, pauseOtherNode } from '../support/node-faults.ts';
import { cutOtherNode, jumpClocks, slowDisk, slowDiskObstacle } from '../support/surroundings-faults.ts';
import type { Scenario } from './scenario.ts';

/** Of photos, so many are none that a node can tag. */
const poisonEvery = 40;
const diskDelayMs = 50;

/** What the soak leaves out on this machine, and why. */
export const soakObstacles: readonly string[] = [
  ...(machinesObstacle === undefined ? [] : [`nodes are not cut off: ${machinesObstacle}`]),
  ...(slowDiskObstacle === undefined ? [] : [`no disk is slow: ${slowDiskObstacle}`]),
];

/** Everything at once for so many minutes, on one node, or on three with a machine each where that can be had. */
export function soak(minutes: number, rate: number, nodes: 1 | 3): Scenario {
  /** Times of what is to happen so often a minute. */
  const aMinute = (often: number) => Math.max(1, Math.round(often * minutes));
  const common = [
    killNode(aMinute(0.5)),
    killNatsServer(aMinute(1)),
    killTagStore(12_000),
    killActors(['photos', 'dbwriter', 'autotag-0', 'models', 'flow', versionBolt], 9_000),
    deployVersions(20_000),
    jumpClocks(10_000),
    ...(slowDiskObstacle === undefined ? [slowDisk(aMinute(0.5), 8_000, diskDelayMs)] : []),
  ];
  const workload = { photos: Math.ceil(minutes * 60 * rate), rate, poisonEvery, pictures: 500 };
  if (nodes === 1)
    return {
      ...versioned,
      name: 'everything at once, on one node',
      workload,
      options: { threads: 2 },
      faults: [...common, killThreads(2, 1_500)],
    };
  const cuts = machinesObstacle === undefined;
  return {
    ...versioned,
    name: 'everything at once, on three nodes',
    workload,
    options: { threads: 1 },
    nodes,
    ...(cuts ? { on: 'machines' } : {}),
    faults: [
      ...common,
      killOtherNode(aMinute(1)),
      pauseOtherNode(aMinute(0.7), 15_000),
      killThreads(1, 5_000),
      ...(cuts ? [cutOtherNode(aMinute(0.7), 15_000)] : []),
    ],
  };
}

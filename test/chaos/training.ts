import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Fault } from '../../src/base/errors.ts';
import type { Model } from '../../src/model/model-file.ts';
import { seeded, type Random } from '../support/random.ts';
import { killsLeft, planKills, type PlannedKill } from './training-kills.ts';
import { differenceOf, TrainingNode } from './training-node.ts';
import { writeLabelledPhotos, type LabelledPhotos } from './training-photos.ts';

/** How large the scenario of training is. */
export interface TrainingSizes {
  /** Labelled photos. */
  readonly photos: number;
  /** Kills of the whole node, spread over the steps of a run. */
  readonly kills: number;
  /** What goes wrong beside that, each in a run of its own. */
  readonly others: readonly TrainingTrouble[];
}

/** What goes wrong in a run, beside kills of the whole node. */
export type TrainingTrouble = keyof typeof troubles;

/** All of it. */
export const trainingTroubles = () => Object.keys(troubles) as TrainingTrouble[];

/** What the scenario of training has shown. */
export interface TrainingReport {
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  readonly photos: number;
  /** How often each fault was done. */
  readonly faults: Readonly<Record<string, number>>;
  /** Everything that does not hold; empty if the scenario passed. */
  readonly violations: readonly string[];
}

/** What a trouble works with. */
interface TroubledRun {
  readonly node: TrainingNode;
  readonly photos: LabelledPhotos;
  readonly random: Random;
  /** What an undisturbed run has made of the photos. */
  readonly expected: Model;
}

/** What a trouble comes to: how often it came about, and what did not hold. */
interface Outcome {
  readonly count: number;
  readonly violations: readonly string[];
}

/** The tasks of a run in the order of its steps; the last three are of `finish`. */
const kinds = [
  ...[
    'describe',
    'describe',
    'join',
    'statistics',
    'whiten',
    'start',
    'calibrate',
    'conclude',
    'assemble',
    'learn',
    'learn',
  ],
  ...['calibrate', 'learn', 'assemble', 'report'],
];
const longestDelayMs = 400;

/**
 * Trains undisturbed, then again and again on fresh nodes while something goes wrong: every run comes to its end, and to the same bits.
 */
export async function trainingUnderChaos(
  { photos: count, kills, others }: TrainingSizes,
  seed: number,
): Promise<TrainingReport> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'autotag-photos-'));
  const [faults, violations]: [Record<string, number>, string[]] = [{}, []];
  try {
    const photos = await writeLabelledPhotos(folder, count);
    const expected = await undisturbed(photos);
    const all = { 'nodes killed': killedNode(kills), ...pick(others) };
    for (const [name, trouble] of Object.entries(all)) {
      const node = await TrainingNode.start();
      try {
        const outcome = await trouble({ node, photos, expected, random: seeded(seed) });
        faults[name] = outcome.count;
        violations.push(...outcome.violations.map((violation) => `${name}: ${violation}`));
      } catch (error) {
        throw new Error(`${name}, seed ${String(seed)}; the log ends:\n${node.process.log().slice(-3_000)}`, {
          cause: error,
        });
      } finally {
        await node.dispose();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  return { name: 'training', seed, seconds, photos: count, faults, violations };
}

async function undisturbed(photos: LabelledPhotos): Promise<Model> {
  const node = await TrainingNode.start();
  try {
    const { id } = await node.train(photos);
    return await node.model(await node.end(id));
  } finally {
    await node.dispose();
  }
}

/** The node is killed with its nats-server, at moments spread over the steps of a run, and started again. */
function killedNode(times: number): (run: TroubledRun) => Promise<Outcome> {
  return async (troubled) => {
    const { node, random } = troubled;
    const { violations } = await killedByPlan(troubled, planned(times, 'all', random));
    // Two may hit the same life.
    return { count: node.restarts, violations };
  };
}

/** Kinds of trouble, by what is counted. */
const troubles = {
  'nats-servers killed': (troubled: TroubledRun) =>
    killedByPlan(troubled, planned(5, 'nats', troubled.random)),
  'job threads killed': (troubled: TroubledRun) =>
    killedByPlan(troubled, planned(8, 'thread', troubled.random)),
  'cancelled and resumed': cancelled,
  'full disks': fullDisk,
} as const satisfies Record<string, (run: TroubledRun) => Promise<Outcome>>;

function pick(names: readonly TrainingTrouble[]) {
  return Object.fromEntries(names.map((name) => [name, troubles[name]]));
}

/** So many kills, at random moments of tasks that are spread over a run. */
function planned(times: number, victim: PlannedKill['victim'], random: Random): PlannedKill[] {
  return Array.from({ length: times }, (_, index) => {
    const at = Math.floor(((index + random.fraction()) * kinds.length) / times);
    const from = victim === 'thread' || random.below(2) === 0 ? 'begin' : 'end';
    return { kind: kinds[at] ?? '', from, delayMs: random.below(longestDelayMs), victim };
  });
}

async function killedByPlan({ node, photos, expected }: TroubledRun, plan: PlannedKill[]): Promise<Outcome> {
  await planKills(node.process.data.path, plan);
  const { id } = await node.train(photos);
  const end = await node.end(id);
  const left = await killsLeft(node.process.data.path);
  const difference = differenceOf(await node.model(end), expected);
  return {
    count: plan.length - left.length,
    violations: [
      ...(difference === undefined ? [] : [difference]),
      ...left.map((kill) => `did not come about: ${JSON.stringify(kill)}`),
    ],
  };
}

/** A run is cancelled in several steps, and resumed each time as soon as that is allowed. */
async function cancelled({ node, photos, expected }: TroubledRun): Promise<Outcome> {
  const violations: string[] = [];
  const { id } = await node.train(photos);
  const second = await node.train(photos).then(
    () => 'started',
    (error: unknown) => Fault.from(error).code,
  );
  if (second !== 'RUN_ACTIVE') violations.push(`a second run was ${second}`);
  let count = 0;
  for (const step of ['describe', 'whiten', 'learn']) {
    const { state } = await node.until(id, (run) => run.step === step || run.state !== 'running');
    if (state !== 'running') break;
    await node.cancel(id);
    count += 1;
    await node.resume(id);
  }
  const difference = differenceOf(await node.model(await node.end(id)), expected);
  if (difference !== undefined) violations.push(difference);
  return { count, violations };
}

/** The disk of a run's blobs is full: it fails and says so, and goes on once there is room. Needs the right to mount. */
async function fullDisk({ node, photos, expected }: TroubledRun): Promise<Outcome> {
  const blobs = join(node.process.data.path, 'blobs');
  await mkdir(blobs, { recursive: true });
  const mount = (size: string) => run('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', blobs]);
  if (
    !(await mount('size=12m').then(
      () => true,
      () => false,
    ))
  )
    return { count: 0, violations: [] };
  const violations: string[] = [];
  try {
    const { id } = await node.train(photos);
    const failed = await node.end(id);
    if (failed.state !== 'failed' || !/no space left/i.test(failed.fault?.message ?? ''))
      violations.push(`the run on a full disk is ${JSON.stringify(failed)}`);
    await mount('remount,size=200m');
    await node.resume(id);
    const difference = differenceOf(await node.model(await node.end(id)), expected);
    if (difference !== undefined) violations.push(difference);
  } finally {
    await run('umount', ['-l', blobs]);
  }
  return { count: 1, violations };
}

const run = promisify(execFile);

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { builtEntry } from '../../src/base/built-entry.ts';
import { dataFolder, type DataFolder } from '../support/data-folder.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { SchedulerCluster } from '../support/scheduler-cluster.ts';
import type { SchedulerMessage, SchedulerOrder, SchedulerPlace } from '../support/stub-scheduler-entry.ts';
import { until } from '../support/until.ts';

const hourMs = 3_600_000;
const begin = Date.UTC(2026, 0, 1);

let nats: TestNats | undefined;
let cluster: SchedulerCluster | undefined;
const folders: DataFolder[] = [];
const members: Scheduler[] = [];

afterEach(async () => {
  for (const member of members.splice(0)) await member.kill();
  for (const folder of folders.splice(0)) await folder.remove();
  await cluster?.close();
  await nats?.stop();
});

/** A member in a process of its own, whose scheduler fires while it leads. */
class Scheduler {
  readonly #child: ChildProcess;
  readonly #said = new Set<SchedulerMessage['type']>();

  constructor(name: string, url: string, folder: string) {
    const entry = builtEntry('../support/stub-scheduler-entry', import.meta.url);
    this.#child = fork(entry, [url, name, folder, String(begin)]);
    this.#child.on('message', ({ type }: SchedulerMessage) => this.#said.add(type));
  }

  said(type: SchedulerMessage['type']): boolean {
    return this.#said.has(type);
  }

  tell(order: SchedulerOrder): void {
    this.#child.send(order);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** Two members; the first leads. */
async function started(): Promise<{ leader: Scheduler; other: Scheduler; shared: SchedulerCluster }> {
  nats = await startNats();
  cluster = await SchedulerCluster.open(nats.url, begin);
  await cluster.add('hourly');
  for (const name of ['n1', 'n2']) {
    const folder = await dataFolder();
    folders.push(folder);
    const member = new Scheduler(name, nats.url, folder.path);
    members.push(member);
    await until(() => member.said('joined'));
    await until(() => members.some((one) => one.said('leads')));
  }
  const [leader, other] = members as [Scheduler, Scheduler];
  return { leader, other, shared: cluster };
}

/** The time comes, and the leader stands still at a place. */
async function fireAndHold(at: SchedulerPlace) {
  const all = await started();
  const { leader, other } = all;
  leader.tell({ type: 'hold', at });
  for (const member of [leader, other]) member.tell({ type: 'clock', now: begin + hourMs });
  await until(() => leader.said('held'));
  return all;
}

/** The time has had one run, which ends; so has the next one. */
async function expectOneRun(other: Scheduler, shared: SchedulerCluster): Promise<void> {
  await until(() => other.said('leads'));
  const states = async (wanted: string) => (await shared.states('hourly')).join() === wanted;
  await until(() => states('running'));
  await shared.runs.end('rescore-hourly-202601010100', { state: 'done' });
  await until(() => states('done'));
  other.tell({ type: 'clock', now: begin + 2 * hourMs });
  await until(() => states('done,running'));
  expect((await shared.runs.list()).map(({ id }) => id).sort()).toEqual([
    'rescore-hourly-202601010100',
    'rescore-hourly-202601010200',
  ]);
}

test.each(['decided', 'begun', 'noted'] as const)(
  'kill -9 of the leader while it fires (%s): the time has one run',
  async (place) => {
    const { leader, other, shared } = await fireAndHold(place);
    await leader.kill();
    await expectOneRun(other, shared);
  },
);

test('kill -9 of the leader before the time: the next one fires', async () => {
  const { leader, other, shared } = await started();
  await leader.kill();
  other.tell({ type: 'clock', now: begin + hourMs });
  await expectOneRun(other, shared);
});

test.each(['decided', 'begun'] as const)(
  'a leader that was stopped while it fires (%s), and wakes up later: the time has one run',
  async (place) => {
    const { leader, other, shared } = await fireAndHold(place);
    leader.signal('SIGSTOP');
    await until(() => other.said('leads'));
    await until(async () => (await shared.states('hourly')).join() === 'running');
    await shared.runs.end('rescore-hourly-202601010100', { state: 'done' });
    await until(async () => (await shared.states('hourly')).join() === 'done');
    leader.signal('SIGCONT');
    other.tell({ type: 'clock', now: begin + 2 * hourMs });
    await until(async () => (await shared.states('hourly')).join() === 'done,running');
    expect(await shared.runs.list()).toHaveLength(2);
  },
);

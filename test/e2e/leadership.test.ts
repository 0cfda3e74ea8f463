import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { builtEntry } from '../../src/base/built-entry.ts';
import { Connection } from '../../src/transport/connection.ts';
import { openClusterRecords, clusterKeys } from '../../src/transport/cluster-records.ts';
import { JsonBucket } from '../../src/transport/json-bucket.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { dataFolder, type DataFolder } from '../support/data-folder.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import type { MemberMessage } from '../support/stub-member-entry.ts';
import { until } from '../support/until.ts';

let nats: TestNats | undefined;
const folders: DataFolder[] = [];
const processes: MemberProcess[] = [];

afterEach(async () => {
  for (const one of processes.splice(0)) await one.kill();
  for (const folder of folders.splice(0)) await folder.remove();
  await nats?.stop();
});

/** A stub member in a process of its own, which writes a record as leader for as long as it believes to lead. */
class MemberProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** What it said, in its order. */
  readonly said: MemberMessage[] = [];

  constructor(name: string, url: string, folder: string) {
    this.name = name;
    const entry = builtEntry('../support/stub-member-entry', import.meta.url);
    this.child = fork(entry, [url, name, folder]);
    this.child.on('message', (message: MemberMessage) => this.said.push(message));
  }

  get leads(): boolean {
    return this.said.findLast(({ type }) => type === 'leads' || type === 'follows')?.type === 'leads';
  }

  /** Whether it said this, after the first `from` things. */
  has(type: MemberMessage['type'], from = 0): boolean {
    return this.said.slice(from).some((message) => message.type === type);
  }

  /** Whether it said that this has happened to another one. */
  saw(change: 'join' | 'leave' | 'lost', { name }: MemberProcess): boolean {
    return this.said.some(
      (message) => message.type === 'member' && message.change === change && message.name === name,
    );
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}

async function started(): Promise<{ all: MemberProcess[]; leader: MemberProcess }> {
  nats = await startNats();
  for (const name of ['n1', 'n2', 'n3']) {
    const folder = await dataFolder();
    folders.push(folder);
    processes.push(new MemberProcess(name, nats.url, folder.path));
  }
  const all = [...processes];
  await until(() => all.every((one) => one.has('joined')));
  return { all, leader: await untilLed(all) };
}

async function untilLed(among: readonly MemberProcess[]): Promise<MemberProcess> {
  await until(() => among.some(({ leads }) => leads));
  return among.find(({ leads }) => leads)!;
}

test('kill -9 of the leader: another one leads, with the default lease within 10 s', async () => {
  const { all, leader } = await started();
  await leader.kill();
  const killedAt = performance.now();
  // Within 10 s, on a machine that has nothing else to do.
  const next = await untilLed(all.filter((one) => one !== leader));
  const tookMs = Math.round(performance.now() - killedAt);
  process.stdout.write(`another node led ${String(tookMs)} ms after kill -9 of the leader\n`);
  await until(() => next.saw('lost', leader));
  const lostMs = Math.round(performance.now() - killedAt);
  process.stdout.write(`and wrote down that it is lost after ${String(lostMs)} ms\n`);
});

test('SIGTERM of the leader: another one leads at once', async () => {
  const { all, leader } = await started();
  const others = all.filter((one) => one !== leader);
  leader.child.kill('SIGTERM');
  await untilLed(others);
  await until(() => others.every((one) => one.saw('leave', leader)));
});

test('a leader that was stopped (SIGSTOP) steps down before it acts, and its last write is refused', async () => {
  const { all, leader } = await started();
  await until(() => leader.has('wrote'));
  // In the middle of a write: it has read the record, and believes to lead.
  leader.child.send('hold');
  await until(() => leader.has('held'));
  leader.child.kill('SIGSTOP');
  const next = await untilLed(all.filter((one) => one !== leader));
  await until(() => next.has('wrote'));
  const connection = await Connection.open({ url: nats!.url, role: 'node', name: 'test' });
  try {
    const record = z.object({ term: z.int(), node: z.string() });
    const bucket = await JsonBucket.open(connection, names.cluster, record);
    const before = leader.said.length;
    leader.child.kill('SIGCONT');
    await until(() => leader.has('refused', before));
    await until(() => !leader.leads);
    expect(leader.has('wrote', before)).toBe(false);
    expect((await bucket.get('stub.record'))?.value.node).toBe(next.name);
    // It is a member all the same, and knows who leads.
    const { leases } = await openClusterRecords(connection);
    await until(async () => (await leases.get(clusterKeys.lease(leader.name)))?.value.held === true);
    expect((await leases.get(clusterKeys.leader))?.value.node).toBe(next.name);
  } finally {
    await connection.close();
  }
});

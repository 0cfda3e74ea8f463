import { afterEach, expect, test } from 'vitest';
import { evaluate } from '../../src/repl/evaluate.ts';
import { Session } from '../../src/repl/session.ts';
import { clientOf } from '../../src/transport/client.ts';
import { clusterKeys, openClusterRecords } from '../../src/transport/cluster-records.ts';
import { Connection } from '../../src/transport/connection.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { startClusterNode, type ClusterNode } from '../support/cluster-node.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { NodeProcess } from '../support/node-process.ts';
import { until } from '../support/until.ts';

const leaseMs = 1_500;

let nats: TestNats;
let connection: Connection;
const nodes: ClusterNode[] = [];

afterEach(async () => {
  for (const node of nodes.splice(0)) await node.dispose();
  await connection.close();
  await nats.stop();
});

async function cluster(): Promise<void> {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'operator', name: 'test' });
}

/** A node that takes tasks only, of a cluster with a nats-server of its own. */
async function started(name: string): Promise<ClusterNode> {
  const node = await startClusterNode({
    name,
    nats: nats.url,
    takes: 'tasks',
    jobThreads: 1,
    nodeLeaseMs: leaseMs,
  });
  nodes.push(node);
  return node;
}

interface Row {
  readonly node: string;
  readonly leads: boolean;
  readonly state: string;
  readonly departure?: { readonly how: string; readonly why?: string };
  readonly value?: unknown;
  readonly error?: { readonly code: string };
}

/** What `nodes` of the REPL says, by name. */
async function rows(): Promise<Map<string, Row>> {
  const answer = await evaluate(new Session(connection), 'nodes');
  return new Map((answer!.value as Row[]).map((row) => [row.node, row]));
}

const text = async () => (await evaluate(new Session(connection), 'nodes'))!.text;

test('nodes are listed with who leads, who has left, who is lost, and why', async () => {
  await cluster();
  const n1 = await started('n1');
  await until(async () => (await rows()).get('n1')?.leads === true);
  const n2 = await started('n2');
  const n3 = await NodeProcess.start({ name: 'n3', nats: nats.url, takes: 'tasks', nodeLeaseMs: leaseMs });
  try {
    await until(async () => (await rows()).size === 3);
    await n3.kill();
    await n2.node.stop();
    await until(async () => (await rows()).get('n3')?.state === 'lost');
    expect(await rows()).toMatchObject(
      new Map([
        ['n1', { leads: true, state: 'alive', value: { version: expect.any(String) as unknown } }],
        ['n2', { leads: false, state: 'stopped' }],
        ['n3', { leads: false, state: 'lost', departure: { how: 'lost' } }],
      ]),
    );
    expect(await text()).toMatch(
      /^NODE .*\nn1 +alive +leader .*\nn2 +stopped .*told to stop\nn3 +lost .*not heard of\nn1\n/,
    );
    await n3.start();
    await until(async () => (await rows()).get('n3')?.state === 'alive');
    expect((await rows()).get('n3')).toMatchObject({ departure: { how: 'lost' } });
  } finally {
    await n3.dispose();
  }
  expect(n1.node.name).toBe('n1');
});

test('a node that stands still (SIGSTOP) is named in a sentence, and those that go on are shown', async () => {
  await cluster();
  await started('n1');
  const options = { name: 'n3', nats: nats.url, takes: 'tasks', nodeLeaseMs: 60_000 };
  const n3 = await NodeProcess.start(options);
  try {
    await until(async () => (await rows()).get('n3')?.value !== undefined);
    n3.signal('SIGSTOP');
    expect((await rows()).get('n3')).toMatchObject({ state: 'alive', error: { code: 'NODE_SILENT' } });
    const sentence = /The node n3 did not answer within 5000 ms: .* stands still, .*\./;
    expect(await text()).toMatch(new RegExp(`\\nn1\\n[\\s\\S]*\\nn3\\n {2}${sentence.source}$`));
    // Each by itself: a program asks but once.
    const asked = ['tree n3', 'top n3', 'kill tasks n3'].map((line) =>
      evaluate(new Session(connection), line),
    );
    for (const answer of asked) await expect(answer).rejects.toMatchObject({ code: 'NODE_SILENT' });
    const tree = await evaluate(new Session(connection), 'tree');
    expect(tree?.text).toMatch(/^n1\n {2}root/);
    expect(tree?.text).toMatch(sentence);
    await expect(evaluate(new Session(connection), 'suspend tasks')).rejects.toThrow(
      'There may be an actor tasks on n1, n3: say on which node.',
    );
    n3.signal('SIGCONT');
    await until(async () => (await rows()).get('n3')?.value !== undefined, 30_000);
  } finally {
    await n3.dispose();
  }
}, 90_000);

test('nodes that have left more than a day ago are not listed', async () => {
  await cluster();
  await started('n1');
  const { nodes: records } = await openClusterRecords(connection);
  const { value } = (await records.get(clusterKeys.node('n1')))!;
  const hourMs = 3_600_000;
  for (const [name, ageMs] of [
    ['hour', hourMs],
    ['days', 25 * hourMs],
  ] as const)
    await records.put(clusterKeys.node(name), { ...value, left: { how: 'lost', at: Date.now() - ageMs } });
  await until(async () => (await rows()).has('hour'));
  expect([...(await rows()).keys()]).toEqual(['hour', 'n1']);
});

test('a second node of a name is refused, before it takes any work, and the first goes on', async () => {
  await cluster();
  await started('n1');
  const start = started('n1');
  await expect(start).rejects.toMatchObject({ code: 'NODE_NAME_TAKEN' });
  await expect(start).rejects.toThrow('A node named n1 runs in this cluster already');
  expect([...(await rows()).values()]).toMatchObject([{ node: 'n1', state: 'alive' }]);
});

test('a node that gives up says why, where others see it', async () => {
  await cluster();
  await started('n1');
  const n2 = await started('n2');
  await until(async () => (await rows()).size === 2);
  // Nobody is left to answer that.
  void new Session(connection).act('kill', 'n2', 'root').catch(() => undefined);
  expect(await n2.node.ended).toMatchObject({ fault: { code: 'NODE_GAVE_UP' }, restart: true });
  await until(async () => (await rows()).get('n2')?.state === 'failed');
  expect((await rows()).get('n2')?.departure?.why).toMatch(/cannot keep its parts running/);
});

/** The actor that carries out tasks: another one after a restart. */
async function runnerOf(node: string): Promise<string> {
  const status = await new Session(connection).inspect('status', node, { actor: 'tasks' });
  return (status as { readonly pid: string }).pid;
}

test('nodes answer while the bucket of the cluster is away, and what runs goes on', async () => {
  await cluster();
  await started('n1');
  await started('n2');
  await until(async () => (await rows()).size === 2);
  const before = await runnerOf('n2');
  const manager = await clientOf(connection).jetstreamManager();
  await manager.streams.delete(`KV_${names.cluster}`);
  await until(async () => {
    const membership = await new Session(connection).inspect('state', 'n2', { actor: 'membership' });
    return !(membership as { readonly isMember: boolean }).isMember;
  });
  expect([...(await rows()).keys()]).toEqual(['n1', 'n2']);
  expect(await runnerOf('n2')).toBe(before);
});

test('a node and what runs on it go on while nats-server is killed, and it is a member again', async () => {
  await cluster();
  const all = [await started('n1'), await started('n2')];
  await until(async () => (await rows()).size === 2);
  const before = [await runnerOf('n1'), await runnerOf('n2')];
  await nats.kill();
  // Longer than a lease: as the nodes answer nobody meanwhile, there is nothing else to wait for.
  await new Promise((resolve) => setTimeout(resolve, 2 * leaseMs));
  await nats.start();
  await connection.untilConnected(10_000);
  await until(async () => {
    const seen = [...(await rows().catch(() => new Map<string, Row>())).values()];
    const areThere = seen.every(({ state, value }) => state === 'alive' && value !== undefined);
    return seen.length === all.length && areThere && seen.some(({ leads }) => leads);
  });
  expect([await runnerOf('n1'), await runnerOf('n2')]).toEqual(before);
});

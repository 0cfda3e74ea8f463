import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { program, shuffle, topology } from '../../src/cluster/topology/builder.ts';
import type { LiveNode } from '../../src/cluster/topology/live-node.ts';
import { Connection } from '../../src/transport/connection.ts';
import { revisionOf, type TopologySpec } from '../../src/transport/topology-spec.ts';
import { TopologyRecords } from '../../src/transport/topology-records.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { lead, startStubNode, StubMembers, type StubNode } from '../support/topology-cluster.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let connection: Connection;
let records: TopologyRecords;
let members: StubMembers;
let nodes: StubNode[];

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  records = await TopologyRecords.open(connection);
  members = new StubMembers();
  nodes = [];
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await connection.close();
  await nats.stop();
});

const photos = topology('photos')
  .spout('photos', { parallelism: 'nodes' })
  .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
  .bolt('dbwriter', { placement: 'store', grouping: shuffle('autotag') })
  .build();

/** The same with a bolt of a user, of some bundle. */
function withMood(digit: string): TopologySpec {
  const spec = topology('photos')
    .spout('photos', { parallelism: 'nodes' })
    .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
    .bolt('mood', { parallelism: 2, grouping: shuffle('autotag'), program: program('mood.ts') })
    .bolt('dbwriter', { placement: 'store', grouping: shuffle('mood') })
    .build();
  return { ...spec, bundle: { id: digit.repeat(64), bytes: 1 } };
}

/** A node of two threads; n1 has the store. */
function liveNode({ name }: StubNode): LiveNode {
  return { name, threads: 2, holdsStore: name === 'n1', takes: 'all' };
}

/** Starts nodes that are alive, the first of which leads. */
async function start(...names: string[]): Promise<StubNode[]> {
  const started = await Promise.all(names.map((name) => startStubNode(nats.url, name)));
  nodes.push(...started);
  members.set(nodes.map(liveNode));
  return started;
}

/** What runs where, sorted: `n1 photos:0`. */
function running(): string[] {
  return nodes
    .flatMap(({ name, factory }) => [...factory.running.keys()].map((key) => `${name} ${key}`))
    .sort();
}

/** Waits until this many tasks of a component run on each of these nodes. */
async function untilRunning(component: string, counts: Readonly<Record<string, number>>): Promise<void> {
  await until(() =>
    nodes.every(({ name, factory }) => {
      const here = [...factory.running.values()].filter((task) => task.component === component);
      return here.length === (counts[name] ?? 0);
    }),
  );
}

/** Waits until nodes have told of as many tasks as run. */
async function untilReported(count: number): Promise<void> {
  await until(async () => {
    const reports = [...(await records.reports()).values()];
    const tasks = reports.flatMap(({ topologies }) => topologies.flatMap((one) => one.tasks));
    return tasks.filter(({ state }) => state === 'running').length === count;
  });
}

describe('a topology', () => {
  test('is started where it belongs, against the stream, and each task has a place of its own', async () => {
    const [n1, n2] = await start('n1', 'n2');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(7);
    expect(running()).toEqual([
      ...['n1 autotag:0', 'n1 autotag:1', 'n1 dbwriter:0', 'n1 photos:0'],
      ...['n2 autotag:2', 'n2 autotag:3', 'n2 photos:1'],
    ]);
    expect(n1!.factory.journal).toEqual(['+dbwriter:0', '+autotag:0', '+autotag:1', '+photos:0']);
    expect(n2!.factory.running.get('autotag:3')).toEqual({
      ...{ topology: 'photos', component: 'autotag', kind: 'bolt', index: 3, place: 1 },
    });
    const tree = JSON.stringify(n2!.system.inspector.tree());
    for (const id of ['reconciler', 'topologies', 'autotag:2', 'photos:1'])
      expect(tree).toContain(`"id":"${id}"`);
  });

  test('that is inactive has no spouts, and has them again when it is active', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilRunning('photos', { n1: 1 });
    const finish = n1!.factory.holdInFlight();
    await records.deactivate('photos');
    await until(() => n1!.factory.journal.includes('=photos:0'));
    await records.deactivate('photos');
    // It has something in flight.
    expect(n1!.factory.running.has('photos:0')).toBe(true);
    finish();
    await untilRunning('photos', {});
    expect(running()).toEqual(['n1 autotag:0', 'n1 autotag:1', 'n1 dbwriter:0']);
    await records.activate('photos');
    await records.activate('photos');
    await untilRunning('photos', { n1: 1 });
    const { journal } = n1!.factory;
    expect(journal.slice(4)).toEqual(['=photos:0', '-photos:0', '+photos:0']);
  });

  test('that is active again does not wait for a spout that drains', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilRunning('photos', { n1: 1 });
    n1!.factory.holdInFlight();
    await records.deactivate('photos');
    await until(() => n1!.factory.journal.includes('=photos:0'));
    await records.activate('photos');
    await until(() => n1!.factory.journal.at(-1) === '+photos:0');
    expect(n1!.factory.journal.slice(4)).toEqual(['=photos:0', '-photos:0', '+photos:0']);
  });

  test('goes from one node to three and back, and what may stay stays', async () => {
    const [n1] = await start('n1', 'n2', 'n3');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await records.rebalance('photos', { nodes: 1 });
    await untilRunning('autotag', { n1: 2 });
    await untilRunning('photos', { n1: 1 });
    const before = n1!.factory.journal.length;
    await records.rebalance('photos', { nodes: 3 });
    await untilRunning('autotag', { n1: 2, n2: 2, n3: 2 });
    await untilRunning('photos', { n1: 1, n2: 1, n3: 1 });
    await records.rebalance('photos', { nodes: 1, parallelism: { dbwriter: 2 } });
    await untilRunning('autotag', { n1: 2 });
    await untilRunning('photos', { n1: 1 });
    await untilRunning('dbwriter', { n1: 2 });
    expect(n1!.factory.journal.slice(before)).toEqual(['+dbwriter:1']);
    // Spouts first, so that what they have is finished.
    for (const node of nodes.slice(1)) {
      const { journal } = node.factory;
      const ended = journal.slice(journal.findIndex((entry) => entry.startsWith('=')));
      expect(ended.map((entry) => entry.replace(/:\d+/, ''))).toEqual([
        ...['=photos', '-photos', '-autotag', '-autotag'],
      ]);
    }
  });

  test('of a node that leaves goes to those that are left', async () => {
    const [n1, n2] = await start('n1', 'n2');
    await lead(n1!, 1, members);
    const sums = topology('sums')
      .spout('numbers', { parallelism: 2 })
      .bolt('sum', { parallelism: 4, grouping: shuffle('numbers') })
      .build();
    await records.deploy(sums);
    await untilRunning('sum', { n1: 2, n2: 2 });
    await untilRunning('numbers', { n1: 1, n2: 1 });
    const before = [...n1!.factory.journal];
    nodes = [n1!];
    members.set(nodes.map(liveNode));
    await n2!.stop();
    await untilRunning('sum', { n1: 4 });
    await untilRunning('numbers', { n1: 2 });
    expect(n1!.factory.journal.slice(0, before.length)).toEqual(before);
    expect(n1!.factory.journal.slice(before.length).sort()).toEqual(['+numbers:1', '+sum:2', '+sum:3']);
  });
});

describe('a kill', () => {
  test('lets spouts finish on all nodes before any bolt ends, then leaves the name free', async () => {
    const [n1, n2] = await start('n1', 'n2');
    await lead(n1!, 1, members);
    const deployed = await records.deploy(photos);
    await untilReported(7);
    const finish = n2!.factory.holdInFlight();
    await records.kill('photos', 60_000);
    await untilRunning('photos', { n2: 1 });
    await untilRunning('autotag', { n1: 2, n2: 2 });
    await expect(records.deploy(photos)).rejects.toMatchObject({ code: 'TOPOLOGY_ENDING' });
    finish();
    await until(async () => (await records.get('photos')) === undefined);
    expect(running()).toEqual([]);
    const again = await records.deploy(photos);
    expect(again.id).not.toBe(deployed.id);
    await untilReported(7);
  });

  test('waits no longer than it was told, and may be told later', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(4);
    n1!.factory.holdInFlight();
    await records.kill('photos', 3_600_000);
    await until(() => n1!.factory.journal.includes('=photos:0'));
    await records.kill('photos', 0);
    await until(async () => (await records.get('photos')) === undefined);
    expect(running()).toEqual([]);
  });

  test('goes on with the next leader, and needs no node that is gone', async () => {
    const [n1, n2] = await start('n1', 'n2');
    const first = await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(7);
    n2!.factory.holdInFlight();
    await records.kill('photos', 3_600_000);
    await untilRunning('photos', { n2: 1 });
    await first.stop();
    await lead(n1!, 2, members);
    members.set([liveNode(n1!)]);
    await until(async () => (await records.get('photos')) === undefined);
    await untilRunning('autotag', {});
  });
});

test('what is left of a killed topology on a node that was thought dead gives way to its successor', async () => {
  const [n1, n2] = await start('n1', 'n2');
  await lead(n1!, 1, members);
  await records.deploy(photos);
  await untilReported(7);
  n2!.factory.holdInFlight();
  members.set([liveNode(n1!)]);
  await until(() => n2!.factory.journal.includes('=photos:1'));
  // Wedged, it hears of nothing.
  n2!.system.inspector.suspend('reconciler');
  await records.kill('photos', 3_600_000);
  await until(async () => (await records.get('photos')) === undefined);
  await records.deploy(photos);
  members.set(nodes.map(liveNode));
  await until(async () => (await records.read()).assignments.get('photos')?.tasks.length === 7);
  expect(n2!.factory.running.size).toBe(3);
  n2!.system.inspector.resume('reconciler');
  await untilReported(7);
  const { journal } = n2!.factory;
  const [end, begin] = [journal.lastIndexOf('-autotag:2'), journal.lastIndexOf('+autotag:2')];
  expect([journal.filter((entry) => entry === '-photos:1').length, begin > end]).toEqual([1, true]);
});

describe('a leader', () => {
  test('that has been succeeded changes nothing, and ends', async () => {
    const [n1, n2] = await start('n1', 'n2');
    const old = await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(7);
    const seen = new StubMembers();
    seen.set(members.live());
    await lead(n2!, 2, seen);
    await until(async () => (await records.read()).assignments.get('photos')?.term === 2);
    // The old one thinks that it is alone.
    members.set([liveNode(n1!)]);
    await old.over;
    expect((await records.read()).assignments.get('photos')).toMatchObject({ term: 2 });
    await untilReported(7);
  });

  test('that does not see itself yet takes nothing away', async () => {
    const [n1] = await start('n1', 'n2');
    const first = await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(7);
    await first.stop();
    members.set([]);
    await lead(n1!, 2, members);
    const looks = () =>
      n1!.system.inspector.list().find(({ kind }) => kind === 'nimbus')?.mailbox?.handled ?? 0;
    await until(() => looks() > 0);
    expect((await records.read()).assignments.get('photos')).toMatchObject({ term: 1 });
    members.set(nodes.map(liveNode));
    await until(async () => (await records.read()).assignments.get('photos')?.term === 2);
    expect(nodes.flatMap(({ factory }) => factory.journal).filter((entry) => !entry.startsWith('+'))).toEqual(
      [],
    );
  });
});

describe('a node', () => {
  test('goes on while KV is away, then does what was wanted meanwhile', async () => {
    const [n1] = await start('n1', 'n2');
    const leading = await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(7);
    const before = running();
    await nats.kill();
    await until(() => !connection.connected);
    expect(running()).toEqual(before);
    await nats.start();
    await connection.untilConnected(10_000);
    await records.deactivate('photos');
    await untilRunning('photos', {});
    await untilRunning('autotag', { n1: 2, n2: 2 });
    await leading.stop();
  });

  test('tells of a task that does not start, tries again, and has the others run', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    n1!.factory.broken.add('autotag');
    await records.deploy(photos);
    await untilRunning('photos', { n1: 1 });
    await until(async () => {
      const tasks = (await records.reports()).get('n1')?.topologies[0]?.tasks ?? [];
      const failed = tasks.filter(({ state }) => state === 'failed');
      return failed.length === 2 && failed.every(({ fault }) => fault?.message.includes('autotag is broken'));
    });
    n1!.factory.broken.clear();
    await untilRunning('autotag', { n1: 2 });
    await untilReported(4);
  });

  test('says that it acts on a version when what its components follow is that version', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    for (const digit of ['a', 'b', 'c']) {
      const { version } = await records.deploy(withMood(digit));
      const acted = async () => (await records.reports()).get('n1')?.topologies[0]?.version;
      await until(async () => (await acted()) === version);
      expect(n1!.factory.followed.get('photos')?.version).toBe(version);
    }
  });

  test('starts a task again that crashes', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(4);
    n1!.crash('autotag', 1);
    await until(() => n1!.factory.journal.filter((entry) => entry === '+autotag:1').length === 2);
    expect(n1!.factory.journal.filter((entry) => entry.endsWith('autotag:0'))).toEqual(['+autotag:0']);
  });

  test('tells of a task that does not start again after a crash, and how often one did', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(4);
    const told = async () =>
      (await records.reports())
        .get('n1')
        ?.topologies[0]?.tasks.find(({ component, index }) => component === 'autotag' && index === 1);
    n1!.factory.broken.add('autotag');
    n1!.crash('autotag', 1);
    await until(async () => (await told())?.state === 'failed');
    await until(async () => (await told())?.fault?.message.includes('autotag is broken') === true);
    n1!.factory.broken.clear();
    await until(async () => (await told())?.state === 'running');
    expect(await told()).toMatchObject({ restarts: 1, fault: { code: 'INTERNAL' } });
  });

  test('starts a whole topology again of which tasks crash too often, and no other', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    const sums = topology('sums')
      .spout('numbers')
      .bolt('sum', { grouping: shuffle('numbers') })
      .build();
    await records.deploy(sums);
    await untilReported(6);
    const count = (entry: string) => n1!.factory.journal.filter((other) => other === entry).length;
    for (let crashes = 0; count('+photos:0') < 2; crashes++) {
      const starts = count('+autotag:0') + count('+autotag:1');
      n1!.crash('autotag', crashes % 2);
      await until(() => count('+autotag:0') + count('+autotag:1') > starts);
    }
    await untilReported(6);
    expect([count('+sum:0'), count('+numbers:0')]).toEqual([1, 1]);
  });

  test('gives up a start that hangs, and has everything else of it run', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    const child = n1!.factory.child.bind(n1!.factory);
    n1!.factory.child = (task) =>
      task.component === 'mood'
        ? { start: { type: 'worker', start: () => new Promise<never>(() => undefined) }, shutdown: 1_000 }
        : child(task);
    await records.deploy(withMood('a'));
    await untilReported(4);
    n1!.crash('autotag', 0);
    await until(() => n1!.factory.journal.filter((entry) => entry === '+autotag:0').length === 2);
    const moods = (await records.reports())
      .get('n1')
      ?.topologies[0]?.tasks.filter(({ component }) => component === 'mood');
    expect(moods).toMatchObject([{ state: 'starting' }, { state: 'starting' }]);
  });

  test('that is to end drains its spouts, and starts nothing more', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(photos);
    await untilReported(4);
    const finish = n1!.factory.holdInFlight();
    const drained = n1!.drain();
    await until(() => n1!.factory.journal.includes('=photos:0'));
    expect(n1!.factory.running.has('photos:0')).toBe(true);
    finish();
    await drained;
    expect(running()).toEqual(['n1 autotag:0', 'n1 autotag:1', 'n1 dbwriter:0']);
    await records.rebalance('photos', { parallelism: { dbwriter: 3 } });
    await until(async () => (await records.read()).assignments.get('photos')?.version === 2);
    await until(async () => (await records.reports()).get('n1')?.topologies[0]?.version === 2);
    expect(running()).toEqual(['n1 autotag:0', 'n1 autotag:1', 'n1 dbwriter:0']);
  });

  test('ends a start that hangs when its topology is killed', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    const never = new Promise<never>(() => undefined);
    const child = n1!.factory.child.bind(n1!.factory);
    n1!.factory.child = (task) =>
      task.component === 'autotag'
        ? { start: { type: 'worker', start: () => never }, shutdown: 1_000 }
        : child(task);
    await records.deploy(photos);
    await until(() => n1!.factory.journal.includes('+dbwriter:0'));
    await records.kill('photos', 100);
    await until(async () => (await records.get('photos')) === undefined, 30_000);
    // Ended with its killed supervisor, it was not asked.
    expect(n1!.system.inspector.list().filter(({ kind }) => kind === 'stub')).toEqual([]);
  });
});

describe("an upgrade of a user's bolt", () => {
  const moodOf = (spec: TopologySpec, index: number) => {
    const mood = spec.components.find(({ name }) => name === 'mood')!;
    return `mood:${String(index)}@${revisionOf(mood, spec.bundle)}`;
  };
  const [a, b, c] = [withMood('a'), withMood('b'), withMood('c')];

  /** Waits until n1 has told of these tasks of the bolt. */
  async function untilMoods(...expected: string[]): Promise<void> {
    await until(async () => {
      const tasks = (await records.reports()).get('n1')?.topologies[0]?.tasks ?? [];
      const moods = tasks.flatMap(({ component, index, revision, state }) =>
        component === 'mood' ? `mood:${String(index)}@${revision ?? ''} ${state}` : [],
      );
      return JSON.stringify(moods.sort()) === JSON.stringify(expected.sort());
    });
  }

  test('starts each new task before it ends the old one, and touches no other', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(a);
    await untilReported(6);
    const before = n1!.factory.journal.length;
    await records.deploy(b);
    await untilMoods(`${moodOf(b, 0)} running`, `${moodOf(b, 1)} running`);
    const journal = n1!.factory.journal.slice(before);
    expect(journal.toSorted()).toEqual(
      [0, 1].flatMap((index) => [`+${moodOf(b, index)}`, `-${moodOf(a, index)}`]).sort(),
    );
    for (const index of [0, 1])
      expect(journal.indexOf(`+${moodOf(b, index)}`)).toBeLessThan(journal.indexOf(`-${moodOf(a, index)}`));
    // The old revision's supervisor is gone as well.
    const groups = n1!.system.inspector
      .list()
      .filter(({ name }) => name?.startsWith('topology/photos/mood/'));
    expect(groups).toHaveLength(1);
    expect(n1!.factory.retained).toEqual(new Set([a.bundle!.id, b.bundle!.id]));
  });

  test('that does not start leaves the old one as it is, says so, and may be taken back or tried again', async () => {
    const [n1] = await start('n1');
    await lead(n1!, 1, members);
    await records.deploy(a);
    await untilReported(6);
    const before = n1!.factory.journal.length;
    n1!.factory.broken.add(moodOf(b, 0)).add(moodOf(b, 1));
    await records.deploy(b);
    const olds = [0, 1].map((index) => `${moodOf(a, index)} running`);
    await untilMoods(...olds, `${moodOf(b, 0)} failed`, `${moodOf(b, 1)} failed`);
    n1!.factory.broken.add(moodOf(c, 0)).add(moodOf(c, 1));
    await records.deploy(c);
    await untilMoods(...olds, `${moodOf(c, 0)} failed`, `${moodOf(c, 1)} failed`);
    expect(n1!.factory.journal.slice(before)).toEqual([]);
    // What still runs is kept, though no record names it any more.
    await until(() => n1!.factory.retained.size === 3);
    n1!.factory.broken.clear();
    await untilMoods(`${moodOf(c, 0)} running`, `${moodOf(c, 1)} running`);
    await records.rollback('photos');
    await untilMoods(`${moodOf(b, 0)} running`, `${moodOf(b, 1)} running`);
    await records.deploy(photos);
    await untilMoods();
    await untilReported(4);
    const ended = n1!.factory.journal.slice(before).filter((entry) => !entry.includes('mood'));
    expect(ended).toEqual([]);
  });
});

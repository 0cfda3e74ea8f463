import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Fault } from '../../src/base/errors.ts';
import { FolderIdentity } from '../../src/cluster/folder-identity.ts';
import { claimStore, findStore } from '../../src/cluster/store-claim.ts';
import { clusterKeys, openClusterRecords } from '../../src/transport/cluster-records.ts';
import { JsonBucket } from '../../src/transport/json-bucket.ts';
import { writeAsLeader } from '../../src/transport/led-record.ts';
import { names } from '../../src/transport/photo-stream.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { StubMember, type StubMemberOptions } from '../support/stub-member.ts';
import { until } from '../support/until.ts';

/** Short, so that what expires does so soon. */
const leaseMs = 900;

let nats: TestNats;
const members: StubMember[] = [];

beforeEach(async () => {
  nats = await startNats();
});

afterEach(async () => {
  for (const member of members.splice(0)) await member.dispose();
  await nats.stop();
});

async function joined(name: string, options: StubMemberOptions = {}): Promise<StubMember> {
  const member = await StubMember.join(nats.url, name, { leaseMs, ...options });
  members.push(member);
  return member;
}

const leaders = (): StubMember[] => members.filter(({ lead }) => lead?.isCurrent === true);
const untilOneLeads = async (among: readonly StubMember[] = members): Promise<StubMember> => {
  await until(() => leaders().length === 1 && among.includes(leaders()[0]!));
  return leaders()[0]!;
};
const changesOf = (member: StubMember, name: string) =>
  member.events.flatMap((event) =>
    event.type === 'member' && event.member.name === name ? [event.change] : [],
  );

describe('members', () => {
  test('see each other come and go, and tell who subscribed', async () => {
    const [a, b] = [await joined('n1'), await joined('n2')];
    await until(() => a.alive.length === 2 && b.alive.length === 2);
    await b.stop();
    await until(() => a.alive.length === 1);
    expect(changesOf(a, 'n2')).toEqual(['join', 'leave']);
    expect(a.place.view.find('n2')).toMatchObject({ state: 'stopped', departure: { how: 'stopped' } });
    const again = await joined('n2');
    await until(() => a.alive.length === 2);
    expect(again.place.view.find('n2')).toMatchObject({ state: 'alive', departure: { how: 'stopped' } });
  });

  test('are lost when they are not heard of, for all to the same effect, and come back by themselves', async () => {
    const [a, b, c] = [await joined('n1'), await joined('n2'), await joined('n3')];
    await untilOneLeads();
    await until(() => [a, b, c].every(({ alive }) => alive.length === 3));
    await c.kill();
    await until(() => a.alive.length === 2 && b.alive.length === 2);
    for (const one of [a, b]) {
      expect(changesOf(one, 'n3')).toEqual(['join', 'lost']);
      expect(one.place.view.find('n3')).toMatchObject({ state: 'lost' });
    }
    const again = await joined('n3', { folder: c.folder });
    await until(() => a.alive.length === 3 && again.alive.length === 3);
    expect(changesOf(a, 'n3')).toEqual(['join', 'lost', 'join']);
  });

  test('say why they ended themselves, also when they only know afterwards', async () => {
    const [a, b] = [await joined('n1'), await joined('n2')];
    await b.stop();
    b.failure = new Fault('INTERNAL', { reason: 'the moon was full' });
    await b.place.explain({ url: nats.url });
    await until(() => a.place.view.find('n2')?.state === 'failed');
    expect(a.place.view.find('n2')).toMatchObject({
      departure: { how: 'failed', why: b.failure.message },
    });
  });

  test('stay members, and one leads again, after KV was away for longer than a lease', async () => {
    const [a, b] = [await joined('n1'), await joined('n2')];
    await untilOneLeads();
    await until(() => a.alive.length === 2 && b.alive.length === 2);
    await nats.kill();
    await until(() => leaders().length === 0);
    expect([a.alive, b.alive]).toEqual([
      ['n1', 'n2'],
      ['n1', 'n2'],
    ]);
    await nats.start();
    await untilOneLeads();
    await until(() => a.alive.length === 2 && b.alive.length === 2);
    const c = await joined('n3');
    await until(() => [a, b, c].every(({ alive }) => alive.length === 3));
  });

  test('come back when they were taken for lost by mistake', async () => {
    const [a, b] = [await joined('n1'), await joined('n2')];
    await untilOneLeads();
    await until(() => b.alive.length === 2);
    const { leases, nodes } = await openClusterRecords(a.connection);
    const lease = (await leases.get(clusterKeys.lease('n2')))!;
    await leases.put(clusterKeys.lease('n2'), { ...lease.value, held: false });
    const record = (await nodes.get(clusterKeys.node('n2')))!;
    await nodes.put(clusterKeys.node('n2'), { ...record.value, left: { how: 'lost', at: 0 } });
    await until(() => changesOf(a, 'n2').join() === 'join,lost,join');
    expect(b.expelled).toBeUndefined();
  });
});

describe('the leader', () => {
  test('is followed at once when it stops, soon when it is killed, and each has a higher term', async () => {
    for (const name of ['n1', 'n2', 'n3']) await joined(name);
    const first = await untilOneLeads();
    const { term } = first.lead!;
    await first.stop();
    const second = await untilOneLeads(members.filter((one) => one !== first));
    expect(second.lead!.term).toBeGreaterThan(term);
    await second.kill();
    const third = await untilOneLeads(members.filter((one) => one !== first && one !== second));
    expect(third.lead!.term).toBeGreaterThan(second.place.view.leader!.term);
    await until(() => third.alive.join() === third.name);
  });

  test('of a past term writes nothing, however late it comes', async () => {
    const [a] = [await joined('n1'), await joined('n2')];
    const [record, key] = [z.object({ term: z.int(), text: z.string() }), 'assignment.photos'];
    const bucket = await JsonBucket.open(a.connection, names.cluster, record);
    const old = await untilOneLeads();
    const { term } = old.lead!;
    await writeAsLeader(bucket, key, { term, text: 'first' });
    await old.kill();
    const next = await untilOneLeads(members.filter((one) => one !== old));
    const own = await JsonBucket.open(next.connection, names.cluster, record);
    expect(old.lead!.isCurrent).toBe(false);
    await writeAsLeader(own, key, { term: next.lead!.term, text: 'second' });
    await expect(writeAsLeader(own, key, { term, text: 'late' })).rejects.toMatchObject({
      code: 'TERM_OVER',
      details: { term: next.lead!.term },
    });
    expect((await own.get(key))?.value.text).toBe('second');
  });
});

describe('admission', () => {
  test('refuses a second node of a name that is alive, and lets the first go on', async () => {
    const a = await joined('n1');
    await expect(joined('n1')).rejects.toMatchObject({ code: 'NODE_NAME_TAKEN', details: { name: 'n1' } });
    expect(a.expelled).toBeUndefined();
    expect(a.alive).toEqual(['n1']);
  });

  test('lets another node have the name of one that is gone; the old one must end if it comes back', async () => {
    const a = await joined('n1');
    const { leases } = await openClusterRecords(a.connection);
    const stranger = { holder: 'x', node: 'n1', folder: 'x', leaseMs, term: 9, held: true };
    await leases.put(clusterKeys.lease('n1'), stranger);
    await until(() => a.expelled !== undefined);
    expect(a.expelled).toMatchObject({ code: 'NODE_NAME_TAKEN' });
    // The stranger renews nothing.
    await a.kill();
    const b = await joined('n1');
    expect(b.alive).toEqual(['n1']);
  });

  test('refuses the data folder of another cluster, and leaves no trace of it', async () => {
    const a = await joined('n1');
    const other = await startNats();
    try {
      const stranger = await StubMember.join(other.url, 'n9', { leaseMs });
      await stranger.stop();
      await expect(joined('n9', { folder: stranger.folder })).rejects.toMatchObject({
        code: 'CLUSTER_OTHER',
        details: { own: stranger.place.seat.cluster, found: a.place.seat.cluster },
      });
      const { leases, nodes } = a.place.seat.records;
      expect([...(await nodes.list('>')).keys()]).not.toContain(clusterKeys.node('n9'));
      expect(await leases.get(clusterKeys.lease('n9'))).toBeUndefined();
    } finally {
      await other.stop();
    }
  });

  test('refuses a cluster of another protocol', async () => {
    const a = await joined('n1');
    const { identity } = await openClusterRecords(a.connection);
    await identity.put(clusterKeys.identity, { cluster: a.place.seat.cluster, protocol: 99, more: true });
    await expect(joined('n2')).rejects.toMatchObject({ code: 'CLUSTER_VERSION', details: { found: 99 } });
  });

  test('keeps the cluster of a data folder whose NATS store was wiped', async () => {
    const a = await joined('n1');
    await a.stop();
    const fresh = await startNats();
    try {
      const again = await StubMember.join(fresh.url, 'n1', { leaseMs, folder: a.folder });
      expect(again.place.seat.cluster).toBe(a.place.seat.cluster);
      await again.stop();
    } finally {
      await fresh.stop();
    }
  });

  test('notes in the data folder who it is, and does not take a damaged note for a new folder', async () => {
    const a = await joined('n1');
    const file = join(a.folder, 'cluster.json');
    const identity = await FolderIdentity.open(a.folder);
    expect(identity.cluster).toBe(a.place.seat.cluster);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ id: identity.id, cluster: identity.cluster });
    await writeFile(file, '{');
    await expect(FolderIdentity.open(a.folder)).rejects.toMatchObject({ code: 'DATA_FOLDER' });
  });
});

test('the tag store is claimed once, for good, by the first node that can hold it', async () => {
  const tasks = await joined('n0', { takes: 'tasks' });
  expect(tasks.place.seat.store).toEqual({ at: 'nowhere' });
  const [a, b] = [await joined('n1'), await joined('n2')];
  expect([a.place.seat.store, b.place.seat.store]).toEqual([
    { at: 'own', shared: false },
    { at: 'other', node: 'n1' },
  ]);
  await until(() => b.place.view.find('n1')?.holdsStore === true);
  await a.kill();
  const self = { node: 'n2', folder: 'f2', hasDatabase: true };
  expect(await claimStore(b.place.seat.records, self)).toEqual({ at: 'other', node: 'n1' });
  const again = await joined('n1', { folder: a.folder });
  expect(again.place.seat.store).toEqual({ at: 'own', shared: false });
  expect(
    await findStore(again.place.seat.records, { node: 'renamed', folder: again.place.seat.self.folder }),
  ).toEqual({ at: 'own', shared: false });
});

test('results in a database are shared by the nodes that use one, once the node with the runs does', async () => {
  const a = await joined('n1');
  const { records, self } = a.place.seat;
  const claim = (node: string, hasDatabase: boolean) =>
    claimStore(records, { ...(node === 'n1' ? self : { node, folder: node }), hasDatabase });
  expect(await claim('n2', true)).toEqual({ at: 'other', node: 'n1' });
  expect(await claim('n1', true)).toEqual({ at: 'own', shared: true });
  expect(await claim('n2', true)).toEqual({ at: 'shared', node: 'n1' });
  expect(await claim('n3', false)).toEqual({ at: 'other', node: 'n1' });
  expect(await claim('n1', false)).toEqual({ at: 'own', shared: false });
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { program, shuffle, topology } from '../../src/cluster/topology/builder.ts';
import { Connection } from '../../src/transport/connection.ts';
import { TopologyRecords } from '../../src/transport/topology-records.ts';
import type { AssignmentRecord } from '../../src/transport/topology-record.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

let nats: TestNats;
let connection: Connection;
let records: TopologyRecords;

beforeEach(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  records = await TopologyRecords.open(connection);
});

afterEach(async () => {
  await connection.close();
  await nats.stop();
});

const spec = topology('photos')
  .spout('photos')
  .bolt('autotag', { parallelism: 'threads', grouping: shuffle('photos') })
  .build();

/** An assignment of nothing. */
async function assignment(term: number): Promise<AssignmentRecord> {
  const { id, version } = (await records.get('photos'))!;
  return { topology: 'photos', id, version, term, tasks: [] };
}

describe('the desired state', () => {
  test('is deployed once, changed version by version, and killed; then it may be deployed again', async () => {
    const first = await records.deploy(spec);
    expect(first).toMatchObject({ name: 'photos', state: 'active', version: 1, spec, parallelism: {} });
    expect(await records.deploy(spec)).toEqual(first);
    expect(await records.deactivate('photos')).toMatchObject({ state: 'inactive', version: 2 });
    expect(await records.activate('photos')).toMatchObject({ state: 'active', version: 3 });
    const rebalanced = await records.rebalance('photos', { nodes: 3, parallelism: { autotag: 4 } });
    expect(rebalanced).toMatchObject({ nodes: 3, parallelism: { autotag: 4 }, version: 4 });
    const more = await records.rebalance('photos', { parallelism: { photos: 2 } });
    expect(more).toMatchObject({ nodes: 3, parallelism: { autotag: 4, photos: 2 }, version: 5 });
    expect(await records.kill('photos', 7_000)).toMatchObject({ state: 'killing', killAfterMs: 7_000 });
    await records.end(first, 1);
    expect(await records.get('photos')).toBeUndefined();
    const second = await records.deploy(spec);
    expect(second).toMatchObject({ state: 'active', version: 8, parallelism: {} });
    expect(second.nodes).toBeUndefined();
    expect(second.id).not.toBe(first.id);
    expect(await records.get('photos')).toEqual(second);
  });

  test('is the same after an act that was done before', async () => {
    const deployed = await records.deploy(spec);
    expect(await records.activate('photos')).toEqual(deployed);
    const inactive = await records.deactivate('photos');
    expect(await records.deactivate('photos')).toEqual(inactive);
    const rebalanced = await records.rebalance('photos', { nodes: 2 });
    expect(await records.rebalance('photos', { nodes: 2, parallelism: {} })).toEqual(rebalanced);
    const killing = await records.kill('photos', 5_000);
    expect(await records.kill('photos', 5_000)).toEqual(killing);
    expect(await records.kill('photos', 0)).toMatchObject({ state: 'killing', killAfterMs: 0 });
  });

  test('is changed by everybody at once without a change being lost', async () => {
    await records.deploy(spec);
    await Promise.all([
      records.rebalance('photos', { nodes: 5 }),
      records.rebalance('photos', { parallelism: { photos: 3 } }),
      records.rebalance('photos', { parallelism: { autotag: 6 } }),
      records.deactivate('photos'),
    ]);
    const expected = { state: 'inactive', nodes: 5, parallelism: { photos: 3, autotag: 6 }, version: 5 };
    expect(await records.get('photos')).toMatchObject(expected);
    const deploys = [1, 2, 3].map(() => records.deploy({ ...spec, name: 'other' }));
    const [one, ...others] = await Promise.all(deploys);
    for (const other of others) expect(other).toEqual(one);
  });

  test('survives the server', async () => {
    const deployed = await records.deploy(spec);
    await nats.kill();
    await nats.start();
    await connection.untilConnected(10_000);
    expect(await records.get('photos')).toEqual(deployed);
  });

  test('is not brought back by a node that starts', async () => {
    await records.deployOnce(spec);
    const deployed = (await records.get('photos'))!;
    await records.deployOnce(spec);
    expect(await records.get('photos')).toEqual(deployed);
    await records.kill('photos');
    await records.end(deployed, 1);
    await records.deployOnce(spec);
    expect(await records.get('photos')).toBeUndefined();
  });

  test('is told to whoever watches, and what nodes say is kept by node', async () => {
    let changes = 0;
    const unwatch = await records.watch(() => changes++);
    await records.deploy(spec);
    await until(() => changes === 1);
    await records.assign(await assignment(1));
    await until(() => changes === 2);
    unwatch();
    const report = { node: 'n1', topologies: [{ name: 'photos', id: 'x', version: 1, tasks: [] }] };
    await records.report({ node: 'n1', topologies: [] });
    await records.report(report);
    expect(await records.reports()).toEqual(new Map([['n1', report]]));
    expect(changes).toBe(2);
  });
});

describe('another version of a topology', () => {
  const exif = topology('photos')
    .spout('photos')
    .bolt('exif', { grouping: shuffle('photos'), program: program('exif.ts') })
    .build();

  test('is the same topology, with what it was before; a rollback swaps them, and another one swaps them back', async () => {
    const first = await records.deploy(spec);
    const second = await records.deploy(exif);
    const before = { spec, origin: 'operator' };
    expect(second).toEqual({
      ...{ ...first, version: 2, spec: exif, previous: before, updatedAt: second.updatedAt },
    });
    expect(await records.deploy(exif)).toEqual(second);
    const back = await records.rollback('photos');
    expect(back).toMatchObject({ version: 3, spec, previous: { spec: exif } });
    expect(await records.rollback('photos')).toMatchObject({ version: 4, spec: exif, previous: { spec } });
  });

  test('stays inactive, and keeps the tasks that a rebalance gave to what stays', async () => {
    await records.deploy(spec);
    await records.rebalance('photos', { nodes: 2, parallelism: { autotag: 4, photos: 3 } });
    await records.deactivate('photos');
    expect(await records.deploy(exif)).toMatchObject({
      ...{ state: 'inactive', nodes: 2, parallelism: { photos: 3 } },
    });
    expect((await records.rollback('photos')).parallelism).toEqual({ photos: 3 });
  });

  test('is not written over one that was not seen: of two operators at once, one wins as a whole', async () => {
    const first = await records.deploy(spec);
    const mood = { ...exif, components: exif.components.map((one) => ({ ...one, parallelism: 2 })) };
    const settled = await Promise.allSettled(
      [exif, mood].map((one) => records.deploy(one, { version: first.version })),
    );
    const won = settled.findIndex(({ status }) => status === 'fulfilled');
    expect(settled[1 - won]).toMatchObject({ status: 'rejected', reason: { code: 'TOPOLOGY_CHANGED' } });
    const expected = { version: 2, spec: [exif, mood][won], previous: { spec } };
    expect(await records.get('photos')).toMatchObject(expected);
    // Whoever wants what is there has it.
    await records.deploy([exif, mood][won]!, { version: first.version });
    await expect(records.deploy({ ...spec, name: 'new' }, { version: 1 })).rejects.toMatchObject({
      code: 'TOPOLOGY_CHANGED',
    });
    await records.deploy({ ...spec, name: 'new' }, { version: 0 });
  });

  test('may not have too many tasks with those that a rebalance gave', async () => {
    const wide = (name: string) =>
      [1, 2, 3].reduce(
        (all, n) => all.spout(`s${String(n)}`, { parallelism: 1024 }),
        topology('photos').spout(name),
      );
    const small = topology('photos').spout('a').build();
    await records.deploy(small);
    const rebalanced = await records.rebalance('photos', { parallelism: { a: 1024 } });
    await expect(records.deploy(wide('a').spout('b').build())).rejects.toThrow('would have 4097 tasks');
    expect(await records.get('photos')).toEqual(rebalanced);
  });

  test('cannot be brought back where there was none', async () => {
    await records.deploy(spec);
    await expect(records.rollback('photos')).rejects.toThrow('photos has been deployed once');
    await expect(records.rollback('foto')).rejects.toThrow('There is no topology foto.');
    await records.kill('photos');
    await expect(records.rollback('photos')).rejects.toMatchObject({ code: 'TOPOLOGY_ENDING' });
  });
});

describe('a built-in topology', () => {
  const changed = topology('photos').spout('photos', { parallelism: 2 }).build();

  test('follows an Autotag that has it otherwise, as long as no operator has deployed another one', async () => {
    await records.follow(spec);
    expect(await records.get('photos')).toBeUndefined();
    await records.deployOnce(spec);
    await records.follow(changed);
    await records.follow(changed);
    expect(await records.get('photos')).toMatchObject({ version: 2, spec: changed, origin: 'builtin' });
    await records.deploy({ ...spec, components: spec.components.slice(0, 1) });
    const deployed = await records.get('photos');
    await records.follow(spec);
    await records.deployOnce(spec);
    expect(await records.get('photos')).toEqual(deployed);
    expect(await records.rollback('photos')).toMatchObject({ spec: changed, origin: 'builtin' });
    await records.kill('photos');
    await records.follow(spec);
    expect(await records.get('photos')).toMatchObject({ state: 'killing', spec: changed });
  });
});

describe('an act that cannot be', () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ['of an unknown name', () => records.kill('foto'), 'There is no topology foto.'],
    ['of an unknown name', () => records.activate('foto'), 'There is no topology foto.'],
    ['without nodes', () => records.rebalance('photos', { nodes: 0 }), 'photos cannot be on 0 nodes; give 1'],
    [
      'without tasks',
      () => records.rebalance('photos', { parallelism: { autotag: 0 } }),
      'cannot have 0 tasks',
    ],
    ['too many', () => records.rebalance('photos', { parallelism: { autotag: 1025 } }), 'give 1 to 1024'],
    [
      'of a component that is none',
      () => records.rebalance('photos', { parallelism: { toString: 1 } }),
      'photos has no component toString; it has photos, autotag',
    ],
  ])('is refused with a sentence, and changes nothing: %s', async (_, act, sentence) => {
    const deployed = await records.deploy(spec);
    await expect(act()).rejects.toThrow(sentence);
    expect(await records.get('photos')).toEqual(deployed);
  });

  test('while the topology is being killed is refused', async () => {
    await records.deploy(spec);
    const killing = await records.kill('photos');
    for (const act of [
      () => records.rebalance('photos', { nodes: 1 }),
      () => records.activate('photos'),
      () => records.deactivate('photos'),
      () => records.deploy(spec),
    ])
      await expect(act()).rejects.toThrow('The topology photos is being killed; try again when');
    expect(await records.get('photos')).toEqual(killing);
  });
});

describe('a leader', () => {
  test('of an earlier term changes nothing any more', async () => {
    await records.deploy(spec);
    await records.assign(await assignment(3));
    await records.assign(await assignment(3));
    await records.assign(await assignment(5));
    await expect(records.assign(await assignment(4))).rejects.toMatchObject({
      code: 'TERM_OVER',
      message: 'Another node leads the cluster by now, for term 5; this one changes nothing.',
    });
    const killing = await records.kill('photos');
    await expect(records.end(killing, 4)).rejects.toMatchObject({ code: 'TERM_OVER' });
    expect((await records.read()).assignments.get('photos')).toMatchObject({ term: 5 });
    expect(await records.get('photos')).toEqual(killing);
  });

  test('does not end what was deployed again, nor what is not being killed', async () => {
    const first = await records.deploy(spec);
    await records.end(first, 1);
    expect(await records.get('photos')).toEqual(first);
    await records.end(await records.kill('photos'), 1);
    const second = await records.deploy(spec);
    const killing = await records.kill('photos');
    await records.end(first, 1);
    expect(await records.get('photos')).toEqual(killing);
    expect(killing.id).toBe(second.id);
  });
});

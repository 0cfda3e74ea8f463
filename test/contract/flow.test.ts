import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { photoSpoutName, writerName } from '../../actors/tuple.ts';
import { Fault } from '../../src/base/errors.ts';
import { sha256 } from '../../src/base/ids.ts';
import { boltName } from '../../src/cluster/bolt/bolt-message.ts';
import { checkTopology } from '../../src/cluster/topology/topology-check.ts';
import type { PhotoResult } from '../../src/transport/payloads.ts';
import { PhotoSubmitter } from '../../src/transport/photo-submitter.ts';
import { listenToResults } from '../../src/transport/result-publisher.ts';
import type { TopologyRecord } from '../../src/transport/topology-record.ts';
import type { Component, Grouping } from '../../src/transport/topology-spec.ts';
import { FlowNode, FlowStore, type Work } from '../support/flow-node.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { until } from '../support/until.ts';

const shuffle: Grouping = { type: 'shuffle' };

/** A bolt of a user between two components. */
interface UserBolt {
  readonly from: readonly string[];
  readonly grouping?: Grouping;
  readonly reads?: 'tuple' | 'photo';
  /** Whether the writer waits for its output. */
  readonly leads?: boolean;
}

let nats: TestNats;
let store: FlowStore;
let nodes: FlowNode[];
let record: TopologyRecord | undefined;

beforeEach(async () => {
  nats = await startNats(['-c', 'test/support/large-payload.conf']);
  store = await FlowStore.open();
  nodes = [];
  record = undefined;
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await store.close();
  await nats.stop();
});

async function start(...names: string[]): Promise<FlowNode[]> {
  for (const name of names) nodes.push(await FlowNode.start(nats.url, name, store));
  await until(() => nodes.every(({ member }) => member.alive.length === nodes.length));
  return nodes;
}

/** Deploys `photos` with these bolts of users, and says which nodes their tasks are on. */
async function deploy(
  bolts: Readonly<Record<string, UserBolt>>,
  tasks: Readonly<Record<string, readonly string[]>>,
) {
  const program = { command: ['true'], deadlineMs: 1_000, memoryBytes: 2 ** 28 };
  const leading = Object.entries(bolts).filter(([, { leads = true }]) => leads);
  const users = Object.entries(bolts).map(
    ([name, { from, grouping = shuffle, reads = 'tuple' }]): Component => {
      const inputs = from.map((source) => ({ from: source, grouping }));
      return {
        name,
        kind: 'bolt',
        parallelism: 1,
        placement: 'anywhere',
        inputs,
        program: { ...program, reads },
      };
    },
  );
  const builtin = (name: string, inputs: readonly string[]): Component => ({
    name,
    kind: inputs.length === 0 ? 'spout' : 'bolt',
    parallelism: 'nodes',
    placement: 'anywhere',
    inputs: inputs.map((from) => ({ from, grouping: shuffle })),
  });
  const last = leading.length === 0 ? ['autotag'] : leading.map(([name]) => name);
  const spec = checkTopology({
    name: 'photos',
    components: [builtin('photos', []), builtin('autotag', ['photos']), ...users, builtin('dbwriter', last)],
  });
  const { records } = nodes[0]!;
  if (record !== undefined) {
    await records.kill('photos', 0);
    await records.end(record, 1);
  }
  record = await records.deploy(spec);
  const placed = Object.entries(tasks).flatMap(([component, on]) =>
    on.map((node, index) => ({ component, index, node })),
  );
  const own = nodes.map(({ name }, index) => ({ component: 'photos', index, node: name }));
  const { id, version } = record;
  await records.assign({ topology: 'photos', id, version, term: 1, tasks: [...own, ...placed] });
}

async function submit(count: number, bytes = (id: string) => Buffer.from(id)): Promise<string[]> {
  const submitter = new PhotoSubmitter(nodes[0]!.member.connection);
  const ids = Array.from({ length: count }, (_, index) => `p${String(index)}`);
  await Promise.all(ids.map((id) => submitter.submit({ id, file: `${id}.jpg`, bytes: bytes(id) })));
  return ids;
}

const row = (id: string) => store.tags.get(id);
/** Rows whose hash is that of the photos' second bytes. */
async function hashes(ids: readonly string[], mark: string) {
  const rows = await Promise.all(ids.map(row));
  return rows.filter(
    (found) =>
      found?.attributes?.['hash'] === sha256(Buffer.alloc(500_000, `${found?.photoId ?? ''} ${mark}`)),
  );
}
const stored = async () => (await store.tags.stats()).photos;
const dead = async () => (await nodes[0]!.deadLetters.list({ limit: 10 })).letters;
/** Nobody has anything any more. */
const settled = () => nodes.every((node) => node.held === 0);

describe('photos', () => {
  it('go to the writer at once if there are no bolts of users', async () => {
    const [node] = await start('n1');
    await deploy({}, {});
    await submit(5);
    await until(async () => (await stored()) === 5);
    expect((await row('p1'))?.attributes).toBeUndefined();
    expect(node?.runs).toBe(5);
    await until(settled);
  });

  it('go through all bolts, branches at once, and what these add is in the row and the result', async () => {
    const [node] = await start('n1');
    const arrived = new Set<string>();
    // Each branch waits for the other one.
    const meets =
      (name: string): Work =>
      async ({ id, attributes }) => {
        arrived.add(`${name} ${id}`);
        await until(() => arrived.has(`left ${id}`) && arrived.has(`right ${id}`));
        return { attributes: { ...attributes, [name]: true, last: name } };
      };
    await node?.startTask('left', 0, meets('left'));
    await node?.startTask('right', 0, meets('right'));
    await node?.startTask('join', 0, ({ id, file, model, tags, attributes }) => ({
      attributes: { seen: [id, file, model[0], ...Object.keys(attributes)].join(' ') },
      tags: [...tags, { tag: 'dog', score: 0.75 }],
    }));
    await node?.startTask('leaf', 0, () => ({ attributes: { unused: true } }));
    await deploy(
      {
        left: { from: ['autotag'], leads: false },
        right: { from: ['autotag'], leads: false },
        join: { from: ['left', 'right'] },
        leaf: { from: ['left'], leads: false },
      },
      { left: ['n1'], right: ['n1'], join: ['n1'], leaf: ['n1'] },
    );
    const results: PhotoResult[] = [];
    const connection = node!.member.connection;
    await listenToResults(
      connection,
      undefined,
      (result) => results.push(result),
      () => undefined,
    ).ready;
    await submit(3);
    await until(() => results.length === 3);
    const expected = {
      attributes: { left: true, right: true, last: 'right', seen: 'p0 p0.jpg m left last right' },
      tags: [
        { tag: 'dog', score: 0.75 },
        { tag: 'cat', score: 0.5 },
      ],
    };
    expect(await row('p0')).toMatchObject(expected);
    expect(results.find(({ id }) => id === 'p0')).toMatchObject(expected);
    await until(settled);
  });

  it('bring their bytes to a bolt of another node, and stay on this one while it has a task', async () => {
    const [n1, n2] = await start('n1', 'n2');
    const hash =
      (on: string): Work =>
      (_, photo) => ({ attributes: { on, hash: sha256(photo ?? '') } });
    await n2?.startTask('hash', 0, hash('n2'));
    await deploy({ hash: { from: ['autotag'], reads: 'photo' } }, { hash: ['n2'] });
    await submit(20, (id) => Buffer.alloc(500_000, id));
    await until(async () => (await stored()) === 20);
    expect(n1?.runs).toBeGreaterThan(0);
    expect(await row('p2')).toMatchObject({
      attributes: { on: 'n2', hash: sha256(Buffer.alloc(500_000, 'p2')) },
    });
    await until(settled);

    await n1?.startTask('hash', 1, hash('n1'));
    await deploy({ hash: { from: ['autotag'], reads: 'photo' } }, { hash: ['n2', 'n1'] });
    const tasksOfN1 = () => JSON.stringify(n1?.member.system.inspector.state('flow')).includes('"node":"n1"');
    await until(tasksOfN1);
    const before = nodes.map(({ runs }) => runs);
    const ids = await submit(20, (id) => Buffer.alloc(500_000, `${id} again`));
    await until(async () => (await hashes(ids, 'again')).length === 20);
    const on = (await hashes(ids, 'again')).map((found) => found?.attributes?.['on']);
    expect(nodes.map(({ name }) => on.filter((node) => node === name).length)).toEqual(
      nodes.map(({ runs }, place) => runs - (before[place] ?? 0)),
    );
  });

  it('go to the same task for the same values, from three nodes, and to every task if all get them', async () => {
    await start('n1', 'n2', 'n3');
    const counted = new Map<string, Set<number>>();
    for (const [index, node] of nodes.entries()) {
      await node.startTask('shard', index, ({ id }) => ({ attributes: { shard: Number(id.slice(1)) % 7 } }));
      await node.startTask('count', index, ({ attributes: { shard } }) => {
        const key = String(shard);
        counted.set(key, (counted.get(key) ?? new Set()).add(index));
        return { attributes: { [`count-${String(index)}`]: true } };
      });
      await node.startTask('every', index, () => ({
        attributes: { [`every-${String(index)}`]: index, last: index },
      }));
    }
    await deploy(
      {
        shard: { from: ['autotag'] },
        count: { from: ['shard'], grouping: { type: 'fields', fields: ['shard'] } },
        every: { from: ['shard'], grouping: { type: 'all' } },
      },
      { shard: ['n1', 'n2', 'n3'], count: ['n1', 'n2', 'n3'], every: ['n1', 'n2', 'n3'] },
    );
    await submit(70);
    await until(async () => (await stored()) === 70);
    expect(nodes.filter(({ runs }) => runs > 0).length).toBeGreaterThan(1);
    expect([...counted.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(await row('p10')).toMatchObject({
      attributes: { 'every-0': 0, 'every-1': 1, 'every-2': 2, last: 2, shard: 3 },
    });
    await until(settled);
  });
});

describe('a bolt that fails', () => {
  it('costs the photo an attempt, and after five of them it is a dead letter that says why', async () => {
    const [node] = await start('n1');
    let tries = 0;
    await node?.startTask('odd', 0, ({ id }) => {
      if (id !== 'p1') return { attributes: { fine: true } };
      tries += 1;
      throw new Fault('BOLT_FAILED', { bolt: 'odd', reason: 'it is odd' });
    });
    await deploy({ odd: { from: ['autotag'] } }, { odd: ['n1'] });
    await submit(3);
    await until(async () => (await dead()).length === 1);
    expect(await dead()).toMatchObject([
      {
        id: 'p1',
        attempts: 5,
        code: 'ATTEMPTS_EXHAUSTED',
        message: expect.stringContaining('it is odd') as string,
      },
    ]);
    expect(tries).toBe(5);
    expect(await stored()).toBe(2);
    const failures = await node?.metrics.boltFailures.get();
    expect(failures?.values).toMatchObject([{ labels: { component: 'odd' }, value: 5 }]);
    await until(settled);
  });

  it('costs the photo attempts where it and others add more than a photo may have', async () => {
    const [node] = await start('n1');
    const bolts = { many: { from: ['autotag'] }, more: { from: ['many'] }, last: { from: ['more'] } };
    for (const name of Object.keys(bolts)) {
      const added = Array.from({ length: 40 }, (_, index) => [`${name}-${String(index)}`, true]);
      await node?.startTask(name, 0, () => ({
        attributes: Object.fromEntries(added) as Record<string, boolean>,
      }));
    }
    await deploy(bolts, { many: ['n1'], more: ['n1'], last: ['n1'] });
    await submit(1);
    await until(async () => (await dead()).length === 1);
    const message = expect.stringMatching('many, more.*more than 64 attributes') as string;
    expect(await dead()).toMatchObject([{ attempts: 5, message }]);
  });

  it('costs the photo nothing if the task was lost; it goes to another one meanwhile', async () => {
    const [n1, n2] = await start('n1', 'n2');
    let isFirst = true;
    const lost: Work = () => {
      if (!isFirst) return { attributes: { on: 'n1' } };
      isFirst = false;
      n1?.kill(boltName('photos', 'frail', 0).name);
      return new Promise(() => undefined);
    };
    await n1?.startTask('frail', 0, lost);
    await n2?.startTask('frail', 1, () => ({ attributes: { on: 'n2' } }));
    await deploy({ frail: { from: ['autotag'] } }, { frail: ['n1', 'n2'] });
    await submit(6);
    await until(async () => (await stored()) === 6);
    expect(nodes.reduce((sum, { runs }) => sum + runs, 0)).toBe(6);
    expect(await dead()).toEqual([]);
    await until(settled);
  });
});

describe('a topology that changes', () => {
  it('has no photo wait for a bolt that is gone', async () => {
    const [node] = await start('n1');
    await deploy({ absent: { from: ['autotag'] } }, {});
    await submit(3);
    await until(() => node?.held === 3 && node.runs === 3);
    await node?.startTask('present', 0, () => ({ attributes: { present: true } }));
    await deploy({ present: { from: ['autotag'] } }, { present: ['n1'] });
    await until(async () => (await stored()) === 3);
    expect(await row('p0')).toMatchObject({ attributes: { present: true } });
    expect(node?.runs).toBe(3);
    await until(settled);
  });
});

describe('whoever is killed', () => {
  it('loses no photo and keeps no place, in whatever order it happens', async () => {
    await start('n1', 'n2');
    const slow: Work = async ({ id }) => {
      await new Promise((resolve) => setTimeout(resolve, 3));
      return { attributes: { done: id } };
    };
    for (const [index, node] of nodes.entries()) await node.startTask('slow', index, slow);
    await deploy({ slow: { from: ['autotag'] } }, { slow: ['n1', 'n2'] });
    const ids = await submit(300);
    const victims = [
      'flow',
      boltName('photos', 'slow', 0).name,
      writerName.name,
      photoSpoutName.name,
      'autotag-0',
    ];
    const random = nodes.flatMap((node) => victims.map((victim) => ({ node, victim })));
    for (const { node, victim } of random) {
      const before = await stored();
      node.kill(victim);
      await until(async () => (await stored()) > before || (await stored()) === ids.length);
    }
    await until(async () => (await stored()) === ids.length, 40_000);
    for (const id of ids) expect((await row(id))?.attributes).toEqual({ done: id });
    expect(await dead()).toEqual([]);
    await until(settled);
  }, 60_000);
});

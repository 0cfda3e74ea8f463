import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from '../../src/cluster/schedule/firing.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { SchedulerCluster } from '../support/scheduler-cluster.ts';
import { until } from '../support/until.ts';

const hourMs = 3_600_000;
const begin = Date.UTC(2026, 0, 1);
/** The run of an hour of that day. */
const runOf = (hour: number, name = 'hourly') => `rescore-${name}-20260101${String(hour).padStart(2, '0')}00`;

let nats: TestNats;
let cluster: SchedulerCluster;

beforeEach(async () => {
  nats = await startNats();
  cluster = await SchedulerCluster.open(nats.url, begin);
});

afterEach(async () => {
  await cluster.close();
  await nats.stop();
});

/** Time goes on to an hour of the day. */
const pass = (hour: number) => {
  cluster.clock.pass(begin + hour * hourMs);
};

async function untilStates(states: readonly string[], name = 'hourly'): Promise<void> {
  await until(async () => JSON.stringify(await cluster.states(name)) === JSON.stringify(states));
}

describe('the scheduler of the leader', () => {
  test('begins a run when its time has come, and writes down what became of it', async () => {
    await cluster.add('hourly');
    await cluster.lead(1);
    pass(1);
    await untilStates(['running']);
    expect(await cluster.runs.latest('rescore')).toMatchObject({
      ...{ id: runOf(1), node: 'n1', state: 'running', spec: { kind: 'rescore', which: 'stale' } },
    });
    await cluster.runs.end(runOf(1), { state: 'done' });
    await untilStates(['done']);
    pass(2);
    await untilStates(['done', 'running']);
    await cluster.runs.end(runOf(2), { state: 'cancelled' });
    await untilStates(['done', 'cancelled']);
    expect(await cluster.records.get('hourly')).toMatchObject({ term: 1, decidedUntil: begin + 2 * hourMs });
  });

  test('leaves a time out while another run of the kind is under way', async () => {
    await cluster.add('hourly');
    const other = await cluster.runs.start('rescore', 'n1', null);
    await cluster.lead(1);
    pass(1);
    await untilStates(['skipped']);
    expect((await cluster.records.get('hourly')).firings[0]?.reason).toBe(`${other.id} was under way`);
  });

  test('or has it wait until that is over', async () => {
    await cluster.add('hourly', { overlap: 'queue' });
    const other = await cluster.runs.start('rescore', 'n1', null);
    await cluster.lead(1);
    pass(1);
    await untilStates(['waiting']);
    pass(2);
    await untilStates(['waiting', 'waiting']);
    await cluster.runs.end(other.id, { state: 'done' });
    await untilStates(['running', 'waiting']);
    await cluster.runs.end(runOf(1), { state: 'done' });
    await untilStates(['done', 'running']);
  });

  test('or ends a run of its own for it, and no other', async () => {
    await cluster.add('hourly', { overlap: 'cancel-running' });
    const other = await cluster.runs.start('rescore', 'n1', null);
    await cluster.lead(1);
    pass(1);
    await untilStates(['waiting']);
    await cluster.runs.end(other.id, { state: 'done' });
    await untilStates(['running']);
    pass(2);
    await untilStates(['cancelled', 'running']);
    expect(await cluster.runs.latest('rescore')).toMatchObject({ id: runOf(2), state: 'running' });
  });

  test('waits for the node that has the stores', async () => {
    await cluster.add('hourly');
    cluster.storeNode = undefined;
    await cluster.lead(1);
    pass(1);
    await untilStates(['waiting']);
    expect(await cluster.runs.latest('rescore')).toBeUndefined();
    cluster.storeNode = 'n2';
    await untilStates(['running']);
    expect(await cluster.runs.latest('rescore')).toMatchObject({ id: runOf(1), node: 'n2' });
  });

  test('fires what an operator asks for at once', async () => {
    await cluster.add('hourly');
    await cluster.lead(1);
    await cluster.records.change('hourly', (record) => ask(record, cluster.clock.now()));
    await untilStates(['running']);
    expect((await cluster.runs.latest('rescore'))?.id).toBe('rescore-hourly-20260101000000000');
  });

  test('lets a run that cannot begin fail, and the schedule go on', async () => {
    await cluster.add('hourly');
    // More than a record of a run takes, though not more than one of a schedule.
    const start = cluster.runs.start.bind(cluster.runs);
    cluster.runs.start = (kind, node, spec, id) =>
      start(kind, node, id === runOf(1) ? { text: 'x'.repeat(600_000) } : spec, id);
    await cluster.lead(1);
    pass(1);
    await untilStates(['failed']);
    expect((await cluster.records.get('hourly')).firings[0]?.reason).toMatch(/600/);
    pass(2);
    await untilStates(['failed', 'running']);
  });

  test('forgets a schedule that was removed, also one that has a time waiting', async () => {
    await cluster.add('hourly', { overlap: 'queue' });
    await cluster.add('other', { when: '0 2 * * *' });
    const run = await cluster.runs.start('rescore', 'n1', null);
    await cluster.lead(1);
    pass(1);
    await untilStates(['waiting']);
    await cluster.records.remove('hourly');
    await cluster.runs.end(run.id, { state: 'done' });
    pass(2);
    await untilStates(['running'], 'other');
    expect((await cluster.runs.list()).map(({ id }) => id)).toEqual([runOf(2, 'other'), run.id]);
  });

  test('makes up for one of the times at which nobody led', async () => {
    await cluster.add('hourly');
    pass(5.5);
    await cluster.lead(1);
    await untilStates(['skipped', 'running']);
    const { firings } = await cluster.records.get('hourly');
    expect(firings.map(({ at }) => (at - begin) / hourMs)).toEqual([5, 4]);
    expect(firings[1]?.since).toBe(begin + hourMs);
  });

  test('fires no more than one when its clock is set forward, and none again when it is set back', async () => {
    await cluster.add('hourly', { catchUp: 'all', overlap: 'queue' });
    await cluster.lead(1);
    pass(1);
    await untilStates(['running']);
    await cluster.runs.end(runOf(1), { state: 'done' });
    await untilStates(['done']);
    cluster.clock.set(begin + 20.5 * hourMs);
    await untilStates(['done', 'skipped', 'running']);
    await cluster.runs.end(runOf(20), { state: 'done' });
    cluster.clock.set(begin + 19.5 * hourMs);
    pass(20.5);
    pass(21);
    await untilStates(['done', 'skipped', 'done', 'running']);
    expect(await cluster.runs.latest('rescore')).toMatchObject({ id: runOf(21) });
  });
});

describe('another leader', () => {
  test('finishes what one has begun, once', async () => {
    await cluster.add('hourly');
    // The first one writes down that the time has come, and begins the run; it is gone before it writes that down.
    const change = cluster.records.change.bind(cluster.records);
    const begun: string[] = [];
    cluster.records.change = async (name, by, term) => {
      if (term === 1 && (await cluster.runs.latest('rescore')) !== undefined) {
        begun.push(name);
        return await new Promise(() => undefined);
      }
      return await change(name, by, term);
    };
    await cluster.lead(1);
    pass(1);
    await until(() => begun.length === 1);
    expect(await cluster.states('hourly')).toEqual(['waiting']);
    await cluster.runs.end(runOf(1), { state: 'done' });
    await cluster.lead(2);
    await untilStates(['done']);
    expect(await cluster.runs.list()).toHaveLength(1);
  });

  test('is the only one: one of an earlier term ends when it wakes up', async () => {
    await cluster.add('hourly');
    const first = await cluster.lead(1);
    const second = await cluster.lead(2);
    pass(1);
    await untilStates(['running']);
    await cluster.runs.end(runOf(1), { state: 'done' });
    pass(2);
    // Whoever of the two came first: one run a time.
    await until(async () => (await cluster.runs.latest('rescore'))?.id === runOf(2));
    await cluster.runs.end(runOf(2), { state: 'done' });
    await untilStates(['done', 'done']);
    await cluster.records.change('hourly', (record) => ask(record, cluster.clock.now()), 2);
    await first.over;
    await second.stop();
    expect((await cluster.runs.list()).filter(({ id }) => id.length === runOf(1).length)).toHaveLength(2);
  });
});

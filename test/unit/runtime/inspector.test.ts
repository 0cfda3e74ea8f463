import { beforeEach, describe, expect, it } from 'vitest';
import { pack, unpack } from 'msgpackr';
import { supervisor, type Behaviour } from '../../../src/runtime/index.ts';
import { gate, Lab } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

const note = (text: string) => ({ type: 'note' as const, text });

/** What arrives at the other end of a subject. */
function travelled<Value>(value: Value): Value {
  const arrived = unpack(pack(value)) as Value;
  expect(arrived).toEqual(value);
  return arrived;
}

describe('inspection', () => {
  it('answers from an actor that is wedged and whose mailbox is full', async () => {
    const ref = await lab.spawn('a', { mailboxLimit: 2 });
    await lab.tell('a', note('before'));
    await lab.tell('a', { type: 'await', gate: gate().promise });
    ref.cast(note('1'));
    ref.cast(note('2'));
    await lab.clock.advance(250);
    expect(travelled(lab.system.inspector.status('a'))).toEqual({
      node: 'local',
      pid: '#1',
      name: 'a',
      child: null,
      parent: null,
      kind: 'subject',
      type: 'worker',
      phase: 'running',
      startedAt: lab.clock.now() - 250,
      restarts: 0,
      links: 0,
      watchers: 0,
      mailbox: {
        length: 2,
        limit: 2,
        signals: 0,
        handled: 1,
        current: { forMs: 250, content: { type: 'await', gate: {} } },
      },
    });
    expect(lab.system.inspector.state('a')).toBe(1);
  });

  it('shows the first of what waits, of an actor that is wedged and flooded', async () => {
    const ref = await lab.spawn('a', { trapExit: true, mailboxLimit: 50_000 });
    await lab.tell('a', { type: 'await', gate: gate().promise });
    for (let count = 0; count < 50_000; count += 1) ref.cast(note(`${String(count)} ${'x'.repeat(300)}`));
    lab.system.exit(ref, 'shutdown');
    const report = travelled(lab.system.inspector.mailbox('a', 2));
    expect(report).toMatchObject({
      mailbox: { length: 50_000, limit: 50_000, signals: 1, current: { content: { type: 'await' } } },
      messages: [{ text: `0 ${'x'.repeat(198)}…` }, { text: `1 ${'x'.repeat(198)}…` }],
      signals: [{ type: 'exit', reason: 'shutdown' }],
    });
  });

  it('suspends and resumes; what is suspended still answers and takes signals later', async () => {
    await lab.spawn('a');
    const { inspector } = lab.system;
    inspector.suspend('a');
    await lab.tell('a', note('1'));
    expect(inspector.status('a')).toMatchObject({ phase: 'suspended', mailbox: { length: 1 } });
    expect(inspector.state('a')).toBe(0);
    expect(lab.news()).toEqual(['+a']);
    inspector.resume('a');
    await lab.clock.settle();
    expect(inspector.status('a')).toMatchObject({ phase: 'running', mailbox: { length: 0, handled: 1 } });
    expect(lab.news()).toEqual(['a:1']);
  });

  it('suspends after the message at hand', async () => {
    await lab.spawn('a');
    const { promise, open } = gate();
    await lab.tell('a', { type: 'await', gate: promise });
    lab.system.inspector.suspend('a');
    open();
    await lab.tell('a', note('x'));
    expect(lab.system.inspector.status('a').mailbox).toMatchObject({ handled: 1, length: 1, current: null });
  });

  it('shows an actor that starts, and one that cleans up', async () => {
    const [starting, ending] = [gate(), gate()];
    const started = lab.spawn('a', { init: () => starting.promise, terminate: () => ending.promise });
    expect(lab.system.inspector.status('a')).toMatchObject({ phase: 'starting' });
    expect(lab.system.inspector.state('a')).toBeNull();
    starting.open();
    await started;
    await lab.tell('a', { type: 'stop', reason: 'normal' });
    expect(lab.system.inspector.status('a')).toMatchObject({ phase: 'ending' });
    ending.open();
    await lab.clock.settle();
    expect(() => lab.system.inspector.status('a')).toThrow(
      expect.objectContaining({ code: 'ACTOR_UNKNOWN', details: { name: 'a' } }),
    );
  });

  it('shows of a state what describe gives, and survives a describe that throws', async () => {
    const secretive: Behaviour<{ token: string; count: number }, 'break'> = {
      kind: 'secretive',
      init: () => ({ token: 'secret', count: 0 }),
      receive: (state) => ({ ...state, count: -1 }),
      describe({ count }) {
        if (count < 0) throw new Error('broken');
        return { count };
      },
    };
    const started = await lab.system.spawn(secretive, undefined);
    if (!started.ok) throw started.fault;
    const { name } = started.ref.address;
    expect(lab.system.inspector.state(name)).toEqual({ count: 0 });
    started.ref.cast('break');
    await lab.clock.settle();
    expect(lab.system.inspector.state(name)).toEqual({ error: 'broken' });
  });

  it('lists every process by start', async () => {
    await lab.start({ children: [lab.child('a')] });
    await lab.spawn('b');
    const list = travelled(lab.system.inspector.list());
    expect(list.map(({ name, parent }) => [name, parent])).toEqual([
      ['root', null],
      ['a', '#1'],
      ['b', null],
    ]);
  });
});

describe('the tree', () => {
  it('is plain data: ids, pids, phases, restarts', async () => {
    const inner = supervisor({ strategy: 'rest_for_one', children: [lab.child('b'), lab.child('c')] });
    await lab.start({
      children: [lab.child('a', { restart: 'transient' }), { id: 'inner', start: inner }],
    });
    await lab.crash('b');
    await lab.tell('a', { type: 'stop', reason: 'normal' });
    const leaf = { type: 'worker', phase: 'running', restarts: 1 };
    expect(travelled(lab.system.inspector.tree())).toEqual({
      id: 'root',
      type: 'supervisor',
      pid: '#1',
      name: 'root',
      phase: 'running',
      restarts: 0,
      strategy: 'one_for_one',
      children: [
        { id: 'a', type: 'worker', pid: null, name: null, phase: 'ended', restarts: 0 },
        {
          id: 'inner',
          type: 'supervisor',
          pid: '#3',
          name: null,
          phase: 'running',
          restarts: 0,
          strategy: 'rest_for_one',
          children: [
            { ...leaf, id: 'b', pid: '#6', name: 'b' },
            { ...leaf, id: 'c', pid: '#7', name: 'c' },
          ],
        },
      ],
    });
    expect(lab.system.inspector.status('b').restarts).toBe(1);
  });

  it('answers while it starts, and while a supervisor waits for a child', async () => {
    const { promise, open } = gate();
    const backoff = { initialMs: 100, maxMs: 100 };
    const starting = lab.start({
      children: [lab.child('a', { backoff }), lab.child('b', {}, { init: () => promise })],
    });
    await lab.clock.settle();
    const phases = () => lab.system.inspector.tree()?.children?.map(({ phase }) => phase);
    expect(lab.system.inspector.tree()?.phase).toBe('starting');
    expect(phases()).toEqual(['running', 'ended']);
    open();
    await starting;
    await lab.crash('a');
    expect(phases()).toEqual(['restarting', 'running']);
  });
});

describe('a trace', () => {
  it('keeps the newest messages with their times', async () => {
    await lab.spawn('a');
    const { inspector } = lab.system;
    await lab.tell('a', note('unseen'));
    inspector.trace('a', { limit: 2 });
    await lab.tell('a', note('1'));
    const { promise, open } = gate();
    await lab.tell('a', note('2'));
    await lab.tell('a', { type: 'await', gate: promise });
    const at = lab.clock.now();
    expect(travelled(inspector.traced('a')).entries).toEqual([
      { number: 2, at, kind: 'message', content: { type: 'note', text: '2' }, tookMs: 0 },
      { number: 3, at, kind: 'message', content: { type: 'await', gate: {} }, tookMs: null },
    ]);
    expect(inspector.traced('a', 2).entries).toMatchObject([{ number: 3 }]);
    await lab.clock.advance(40);
    open();
    await lab.clock.settle();
    expect(inspector.traced('a').entries.at(-1)).toMatchObject({ tookMs: 40 });
  });

  it('ends by itself, and can be read afterwards', async () => {
    await lab.spawn('a');
    const { inspector } = lab.system;
    expect(inspector.traced('a')).toEqual({ active: false, dropped: 0, entries: [] });
    inspector.trace('a', { forMs: 1_000 });
    await lab.tell('a', note('seen'));
    expect(inspector.traced('a').active).toBe(true);
    await lab.clock.advance(1_000);
    await lab.tell('a', note('unseen'));
    expect(inspector.traced('a')).toMatchObject({ active: false, entries: [{ content: { text: 'seen' } }] });
  });

  it('records so many a second, and counts the rest', async () => {
    const ref = await lab.spawn('a');
    const { inspector } = lab.system;
    inspector.trace('a', { perSecond: 3 });
    const flood = async () => {
      for (let count = 0; count < 100; count += 1) ref.cast(note(String(count)));
      await lab.clock.settle();
    };
    await flood();
    expect(inspector.traced('a')).toMatchObject({ dropped: 97, entries: { length: 3 } });
    await lab.clock.advance(1_000);
    await flood();
    expect(inspector.traced('a')).toMatchObject({ dropped: 194, entries: { length: 6 } });
    expect(inspector.traced('a', 3).entries.map(({ number }) => number)).toEqual([4, 5, 6]);
  });

  it('misses nothing of an actor that has little to do', async () => {
    const ref = await lab.spawn('a');
    lab.system.inspector.trace('a', { perSecond: 3 });
    for (let count = 0; count < 20; count += 1) {
      ref.cast(note(String(count)));
      await lab.clock.advance(400);
    }
    expect(lab.system.inspector.traced('a')).toMatchObject({ dropped: 0, entries: { length: 20 } });
  });

  it('leaves no timer behind its actor', async () => {
    await lab.spawn('a');
    lab.system.inspector.trace('a');
    lab.system.inspector.trace('a');
    expect(lab.clock.pending).toBe(1);
    await lab.kill('a');
    expect(lab.clock.pending).toBe(0);
  });

  it('shows signals too', async () => {
    await lab.spawn('a', { trapExit: true });
    lab.system.inspector.trace('a');
    lab.system.exit(lab.ref('a'), 'shutdown');
    await lab.clock.settle();
    expect(lab.system.inspector.traced('a').entries).toMatchObject([
      { kind: 'signal', content: { type: 'exit', reason: 'shutdown' } },
    ]);
  });
});

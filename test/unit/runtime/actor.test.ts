import { beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { ActorName, type Behaviour, type Context } from '../../../src/runtime/index.ts';
import { gate, Lab, textOf } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

const note = (text: string) => ({ type: 'note' as const, text });

describe('an actor', () => {
  it('takes messages in the order they were sent', async () => {
    const ref = await lab.spawn('a');
    for (let n = 0; n < 100; n += 1) ref.cast(note(String(n)));
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a', ...Array.from({ length: 100 }, (_, n) => `a:${String(n)}`)]);
  });

  it('takes nothing while it awaits, and goes on with the next state', async () => {
    const ref = await lab.spawn('a');
    const { promise, open } = gate();
    ref.cast({ type: 'await', gate: promise });
    ref.cast(note('after'));
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a']);
    open();
    await lab.clock.settle();
    expect(lab.news()).toEqual(['a:after']);
    expect(lab.system.inspector.state('a')).toBe(2);
  });

  it('never runs two asynchronous receives at once', async () => {
    let inside = 0;
    let most = 0;
    const behaviour: Behaviour<number, number> = {
      kind: 'slow',
      init: () => 0,
      async receive(state) {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        inside -= 1;
        return state + 1;
      },
    };
    const started = await lab.system.spawn(behaviour, undefined);
    if (!started.ok) throw started.fault;
    for (let n = 0; n < 50; n += 1) started.ref.cast(n);
    const done = () => lab.system.inspector.status(started.ref.address.name).mailbox?.handled === 50;
    while (!done()) await lab.clock.settle();
    expect(most).toBe(1);
  });

  it('keeps messages that come while it starts', async () => {
    const { promise, open } = gate();
    const starting = lab.spawn('a', { init: () => promise });
    lab.ref('a').cast(note('early'));
    await lab.clock.settle();
    expect(lab.news()).toEqual([]);
    open();
    await starting;
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a', 'a:early']);
  });

  it('is not started when init throws, and gives its name back', async () => {
    const fault = new Fault('WEIGHTS_MISSING', { file: 'x' });
    const failing = lab.subject('a', {
      init: () => {
        throw fault;
      },
    });
    const result = await lab.system.spawn(failing, undefined, { name: lab.name('a') });
    expect(result).toEqual({ ok: false, reason: fault, fault });
    await expect(lab.spawn('a')).resolves.toBeDefined();
  });

  it('is not started when it is killed during init', async () => {
    const { promise } = gate();
    const starting = lab.system.spawn(lab.subject('a', { init: () => promise }), undefined, {
      name: lab.name('a'),
    });
    await lab.kill('a');
    const result = await starting;
    expect(result.ok).toBe(false);
    if (!result.ok) expect([result.reason, result.fault.code]).toEqual(['killed', 'ACTOR_START']);
  });

  it('ends with what it throws, after terminate has seen the last good state', async () => {
    const seen: number[] = [];
    const behaviour: Behaviour<number, 'add' | 'crash'> = {
      kind: 'counter',
      init: () => 0,
      receive(state, message) {
        if (message === 'crash') throw new Fault('STORE_UNAVAILABLE', { reason: 'gone' });
        return state + 1;
      },
      terminate: (state) => {
        seen.push(state);
      },
    };
    const started = await lab.system.spawn(behaviour, undefined);
    if (!started.ok) throw started.fault;
    const down = lab.system.whenDown(started.ref);
    started.ref.cast('add');
    started.ref.cast('crash');
    started.ref.cast('add');
    expect(await down).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(seen).toEqual([1]);
    expect(lab.logged).toContain('actor ended');
  });

  it.each(['throws', 'rejects'])('ends with the failure when terminate %s', async (how) => {
    const ref = await lab.spawn('a', {
      terminate: () => {
        if (how === 'throws') throw new Fault('STORE_UNAVAILABLE', { reason: 'closed' });
        return Promise.reject(new Fault('STORE_UNAVAILABLE', { reason: 'closed' }));
      },
    });
    const down = lab.system.whenDown(ref);
    await lab.tell('a', { type: 'stop', reason: 'normal' });
    expect(await down).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('stops after the message at hand, and its waiting messages become dead letters', async () => {
    const ref = await lab.spawn('a');
    ref.cast({ type: 'stop', reason: 'normal' });
    ref.cast(note('never'));
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a']);
    expect(lab.system.deadLetters()).toMatchObject({ count: 1, byReason: { ended: 1 } });
  });

  it('is killed in the middle of what it awaits, and what comes of that is dropped', async () => {
    const terminated: string[] = [];
    const ref = await lab.spawn('a', { terminate: () => terminated.push('a') });
    const { promise, open } = gate();
    await lab.tell('a', { type: 'await', gate: promise });
    const down = lab.system.whenDown(ref);
    await lab.kill('a');
    expect(await down).toBe('killed');
    open();
    await lab.clock.settle();
    expect(terminated).toEqual([]);
    expect(lab.isAlive('a')).toBe(false);
  });

  it('reports what fails after its end', async () => {
    await lab.spawn('a');
    const failing = gate();
    const failed = failing.promise.then(() => {
      throw new Error('too late');
    });
    await lab.tell('a', { type: 'await', gate: failed });
    await lab.kill('a');
    failing.open();
    await lab.clock.settle();
    expect(lab.logged).toEqual(['actor ended', 'an ended actor failed']);
  });

  it('aborts its ending signal, timers and monitors when it ends', async () => {
    let context: Context<string> | undefined;
    const behaviour: Behaviour<null, string> = {
      kind: 'timers',
      init: (_argument, given) => {
        context = given;
        given.after(1_000, 'tick');
        return null;
      },
      receive: (state) => state,
    };
    const started = await lab.system.spawn(behaviour, undefined);
    if (!started.ok) throw started.fault;
    const ending = context!.ending;
    expect([ending.aborted, lab.clock.pending]).toEqual([false, 1]);
    lab.system.exit(started.ref, 'shutdown');
    await lab.clock.settle();
    expect([ending.aborted, lab.clock.pending]).toEqual([true, 0]);
    context!.after(1_000, 'too late');
    expect(lab.clock.pending).toBe(0);
  });

  it('sends itself messages after a time, unless cancelled', async () => {
    const got: [string, number][] = [];
    const behaviour: Behaviour<null, string> = {
      kind: 'timers',
      init: (_argument, context) => {
        context.after(200, 'second');
        context.after(100, 'first');
        context.after(150, 'never')();
        return null;
      },
      receive(state, message, { clock }) {
        got.push([message, clock.monotonic()]);
        return state;
      },
    };
    await lab.system.spawn(behaviour, undefined);
    await lab.clock.advance(1_000);
    expect(got).toEqual([
      ['first', 100],
      ['second', 200],
    ]);
  });
});

describe('a mailbox', () => {
  it('refuses what it has no room for: trySend and call with a fault, cast with a dead letter', async () => {
    const ref = await lab.spawn('a', { mailboxLimit: 2 });
    const { promise, open } = gate();
    await lab.tell('a', { type: 'await', gate: promise });
    expect([ref.trySend(note('1')), ref.trySend(note('2'))]).toEqual([undefined, undefined]);
    expect(ref.trySend(note('3'))).toMatchObject({ code: 'MAILBOX_FULL', details: { name: 'a', limit: 2 } });
    await expect(ref.call({ type: 'echo', value: 1 })).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
    ref.cast(note('4'));
    expect(lab.system.deadLetters()).toMatchObject({
      count: 1,
      byReason: { full: 1 },
      recent: [{ to: 'a', reason: 'full', message: { type: 'note', text: '4' } }],
    });
    open();
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a', 'a:1', 'a:2']);
    expect(ref.trySend(note('5'))).toBeUndefined();
  });

  it('lets signals through when it is full, and before the messages', async () => {
    const peer = await lab.spawn('peer');
    const watcher: Behaviour<null, Promise<void> | string> = {
      kind: 'watcher',
      mailboxLimit: 2,
      init: (_argument, context) => {
        context.monitor(peer);
        return null;
      },
      async receive(state, message) {
        if (typeof message === 'string') lab.journal.push(message);
        else await message;
        return state;
      },
      signal(state, signal) {
        lab.journal.push(`${signal.type} ${textOf(signal.reason)}`);
        return state;
      },
    };
    const started = await lab.system.spawn(watcher, undefined);
    if (!started.ok) throw started.fault;
    const { promise, open } = gate();
    started.ref.cast(promise);
    await lab.clock.settle();
    started.ref.cast('one');
    started.ref.cast('two');
    lab.news();
    await lab.kill('peer');
    open();
    await lab.clock.settle();
    expect(lab.news()).toEqual(['down killed', 'one', 'two']);
  });
});

describe('names', () => {
  it('are unique, and free again when their actor ends', async () => {
    await lab.spawn('a');
    await expect(lab.spawn('a')).rejects.toMatchObject({ code: 'ACTOR_NAME' });
    await lab.kill('a');
    await expect(lab.spawn('a')).resolves.toBeDefined();
  });

  it('find the next actor of this name; a pid does not', async () => {
    const byName = await lab.spawn('a');
    const started = await lab.system.spawn(lab.subject('b'), undefined);
    if (!started.ok) throw started.fault;
    await lab.kill('a');
    lab.system.exit(started.ref, 'kill');
    await lab.clock.settle();
    await lab.spawn('a');
    await expect(byName.call({ type: 'echo', value: 7 })).resolves.toBe(7);
    expect(started.ref.address.name).toMatch(/^#/);
    expect(started.ref.trySend(note('x'))).toMatchObject({ code: 'ACTOR_DOWN' });
  });

  it.each(['', '#1', 'a b', 'a.b', '>', 'é', 'x'.repeat(129)])('cannot be %j', (name) => {
    expect(() => new ActorName(name)).toThrow(expect.objectContaining({ code: 'ACTOR_NAME' }));
  });

  it('lead nowhere before their actor exists: a dead letter', () => {
    lab.ref('nobody').cast(note('hello'));
    expect(lab.system.deadLetters()).toMatchObject({ count: 1, byReason: { noproc: 1 } });
  });
});

describe('an actor that takes over', () => {
  const takeOver = (lab: Lab, id: string, as: string, options = {}) =>
    lab.system.spawn(lab.subject(as, options), undefined, { name: lab.name(id), takesOver: true });

  it('has the name when it runs, and the other one goes on by its pid', async () => {
    await lab.spawn('a');
    const first = lab.pid('a')!;
    const { promise, open } = gate();
    const starting = takeOver(lab, 'a', 'b', { init: () => promise });
    await lab.tell('a', note('before'));
    expect(lab.pid('a')).toBe(first);
    open();
    await starting;
    await lab.tell('a', note('after'));
    lab.ref('a').cast(note('last'));
    expect(lab.pid('a')).not.toBe(first);
    expect(lab.system.inspector.status(first)).toMatchObject({ name: null, phase: 'running' });
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a', 'a:before', '+b', 'b:after', 'b:last']);
  });

  it('takes nothing when it does not start, and the end of the other one leaves it the name', async () => {
    await lab.spawn('a');
    const first = lab.pid('a')!;
    const failed = await takeOver(lab, 'a', 'b', { init: () => Promise.reject(new Error('no')) });
    expect(failed.ok).toBe(false);
    expect(lab.pid('a')).toBe(first);
    await takeOver(lab, 'a', 'c');
    const second = lab.pid('a');
    lab.system.exit({ address: { node: lab.system.node, name: first } }, 'kill');
    await lab.clock.settle();
    expect(lab.pid('a')).toBe(second);
    await lab.kill('a');
    expect(lab.pid('a')).toBeUndefined();
  });

  it('leaves the name, when it ends first, to the one that had it before', async () => {
    await lab.spawn('a');
    const pids = [lab.pid('a')];
    for (const as of ['b', 'c']) {
      await takeOver(lab, 'a', as);
      pids.push(lab.pid('a'));
    }
    for (const pid of pids.toReversed()) {
      expect(lab.pid('a')).toBe(pid);
      await lab.kill('a');
    }
    expect(lab.pid('a')).toBeUndefined();
  });
});

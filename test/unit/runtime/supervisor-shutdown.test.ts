import { beforeEach, describe, expect, it } from 'vitest';
import { actor, external, supervisor, type Behaviour, type Shutdown } from '../../../src/runtime/index.ts';
import { gate, Lab, Puppet, textOf } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

const terminate = () => undefined;

describe('the end of a supervisor', () => {
  it('ends the children in reverse order, through all levels', async () => {
    const inner = (...ids: string[]) =>
      supervisor({ children: ids.map((id) => lab.child(id, {}, { terminate })) });
    await lab.start({
      children: [
        lab.child('a', {}, { terminate }),
        { id: 'inner', start: inner('b', 'c') },
        lab.child('d', {}, { terminate }),
      ],
    });
    lab.news();
    expect(await lab.system.stop(10_000)).toEqual([]);
    expect(lab.news()).toEqual(['-d shutdown', '-c shutdown', '-b shutdown', '-a shutdown']);
    expect(await lab.system.ended).toBe('shutdown');
    expect(lab.clock.pending).toBe(0);
  });

  it('waits for each child before it ends the one before it', async () => {
    const { promise, open } = gate();
    const children = [
      lab.child('a', {}, { terminate }),
      lab.child('b', { shutdown: 'infinity' }, { terminate: () => promise }),
    ];
    await lab.start({ children });
    lab.news();
    const stopping = lab.system.stop(1_000_000);
    await lab.clock.advance(900_000);
    expect(lab.news()).toEqual([]);
    open();
    await stopping;
    expect(lab.news()).toEqual(['-b shutdown', '-a shutdown']);
  });

  it('also ends what was spawned outside of the tree, after it', async () => {
    await lab.start({ children: [lab.child('a', {}, { terminate })] });
    await lab.spawn('loose', { terminate, trapExit: true });
    lab.news();
    expect(await lab.system.stop(1_000)).toEqual([]);
    expect(lab.news()).toEqual(['-a shutdown', '-loose shutdown']);
  });

  it('works without a tree, and twice', async () => {
    expect(await lab.system.stop(1_000)).toEqual([]);
    expect(await lab.system.stop(1_000)).toEqual([]);
  });

  it('kills everything after its time', async () => {
    const stuck = lab.child('a', { shutdown: 'infinity' }, { terminate: () => gate().promise });
    await lab.start({ children: [lab.child('b', {}, { terminate }), stuck] });
    const stopping = lab.system.stop(3_000);
    await lab.clock.advance(2_999);
    expect(lab.isAlive('b')).toBe(true);
    await lab.clock.advance(1);
    expect(await stopping).toEqual([]);
    expect(await lab.system.ended).toBe('killed');
  });

  it('names what cannot even be killed', async () => {
    const start = external(() => new Puppet(), { name: lab.name('undead') });
    await lab.start({ children: [{ id: 'undead', start, shutdown: 'brutal_kill' }] });
    const stopping = lab.system.stop(3_000);
    await lab.clock.advance(4_000);
    expect(await stopping).toEqual(['undead']);
  });

  it('comes through while the tree is still starting', async () => {
    const starting = lab.system.start({ children: [lab.child('a', {}, { init: () => gate().promise })] });
    await lab.clock.settle();
    const stopping = lab.system.stop(500);
    await lab.clock.advance(500);
    expect(await stopping).toEqual([]);
    expect(await starting).toMatchObject({ ok: false, reason: 'killed' });
  });
});

describe('the shutdown of a child', () => {
  /** Starts a child with this `shutdown` that takes `takesMs` to terminate, and stops the tree. */
  async function stopOne(shutdown: Shutdown, takesMs: number): Promise<number> {
    const { clock, journal } = lab;
    const slow = () =>
      new Promise((resolve) => {
        journal.push('told');
        clock.after(takesMs, () => {
          resolve(undefined);
        });
      });
    await lab.start({ children: [lab.child('a', { shutdown }, { terminate: slow })] });
    lab.news();
    let endedAt = -1;
    void lab.system.whenDown(lab.ref('a')).then((reason) => {
      endedAt = clock.monotonic();
      journal.push(textOf(reason));
    });
    void lab.system.stop(1_000_000);
    await clock.advance(100_000);
    return endedAt;
  }

  it('in time: it cleans up', async () => {
    expect(await stopOne(1_000, 999)).toBe(999);
    expect(lab.news()).toEqual(['told', '-a shutdown', 'shutdown']);
  });

  it('out of time: it is killed', async () => {
    expect(await stopOne(1_000, 5_000)).toBe(1_000);
    expect(lab.news().slice(0, 2)).toEqual(['told', 'killed']);
    expect(lab.logged).toContain('child ended badly when told to');
  });

  it('brutal_kill: it has no say', async () => {
    expect(await stopOne('brutal_kill', 10)).toBe(0);
    expect(lab.news()).toEqual(['killed']);
    expect(lab.logged).toEqual([]);
  });

  it('infinity: it is waited for', async () => {
    expect(await stopOne('infinity', 90_000)).toBe(90_000);
    expect(lab.news()).toEqual(['told', '-a shutdown', 'shutdown']);
  });

  it.each([
    ['worker', 5_000],
    ['supervisor', 90_000],
  ] as const)('is 5 s for a worker and infinity for a supervisor: %s', async (type, endsAt) => {
    const { clock } = lab;
    const slow = () =>
      new Promise((resolve) => {
        clock.after(90_000, () => {
          resolve(undefined);
        });
      });
    await lab.start({ children: [lab.child('a', { type }, { terminate: slow })] });
    let endedAt = -1;
    void lab.system.whenDown(lab.ref('a')).then(() => {
      endedAt = clock.monotonic();
    });
    void lab.system.stop(1_000_000);
    await clock.advance(100_000);
    expect(endedAt).toBe(endsAt);
  });

  it('wedged in what it awaits: it is killed in its time', async () => {
    await lab.start({ children: [lab.child('a', { shutdown: 1_000 }, { terminate })] });
    await lab.tell('a', { type: 'await', gate: gate().promise });
    const stopping = lab.system.stop(60_000);
    await lab.clock.advance(1_000);
    expect(await stopping).toEqual([]);
  });

  it('reaches one that is suspended, and one whose mailbox is full', async () => {
    const children = [
      lab.child('suspended', {}, { terminate }),
      lab.child('full', {}, { terminate, mailboxLimit: 1 }),
    ];
    await lab.start({ children });
    lab.system.inspector.suspend('suspended');
    lab.system.inspector.suspend('full');
    lab.ref('full').cast({ type: 'note', text: 'x' });
    lab.news();
    expect(await lab.system.stop(10_000)).toEqual([]);
    expect(lab.news()).toEqual(['-full shutdown', '-suspended shutdown']);
  });

  it('does not restart a child that crashes on its way out', async () => {
    const crashing = lab.child(
      'a',
      {},
      {
        terminate: () => {
          throw new Error('no');
        },
      },
    );
    await lab.start({ children: [lab.child('b', {}, { terminate }), crashing] });
    lab.news();
    expect(await lab.system.stop(1_000)).toEqual([]);
    expect(lab.news()).toEqual(['-b shutdown']);
    expect(lab.system.restarts).toBe(0);
  });
});

describe('a killed supervisor', () => {
  it('that was restarting a child tries no further', async () => {
    let starts = 0;
    const init = () => {
      starts += 1;
      return starts === 1 ? undefined : gate().promise;
    };
    await lab.start({
      intensity: { maxRestarts: 10, windowMs: 1_000 },
      children: [lab.child('a', {}, { init })],
    });
    await lab.crash('a');
    await lab.kill('root');
    expect(starts).toBe(2);
    expect(lab.system.inspector.list()).toEqual([]);
    expect(lab.system.deadLetters().count).toBe(0);
  });

  it('that was starting a child starts no more of them', async () => {
    const { promise, open } = gate();
    const started: string[] = [];
    const witness = (id: string): Behaviour<null, never> => ({
      kind: 'witness',
      init: async () => {
        started.push(id);
        if (id === 'a') await promise;
        return null;
      },
      receive: (state) => state,
    });
    const child = (id: string) => ({ id, start: actor(witness(id), undefined) });
    const starting = lab.system.start({ children: [child('a'), child('b')] });
    await lab.clock.settle();
    await lab.kill('root');
    open();
    await lab.clock.settle();
    expect(await starting).toMatchObject({ ok: false });
    expect(started).toEqual(['a']);
    expect(lab.system.inspector.list()).toEqual([]);
  });
});

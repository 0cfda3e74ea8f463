import { beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { supervisor, whichChildren, type ChildSpec } from '../../../src/runtime/index.ts';
import { gate, Lab } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

const terminate = () => undefined;
const generous = { maxRestarts: 100, windowMs: 1_000 };

/** Fails its first `times` starts, and then those for which `again` says so. */
function failing(id: string, fails: (attempt: number) => boolean, spec: Partial<ChildSpec> = {}): ChildSpec {
  let attempt = 0;
  const init = () => {
    attempt += 1;
    if (!fails(attempt)) return;
    lab.journal.push(`!${id}`);
    throw new Fault('NATS_MISSING');
  };
  return lab.child(id, spec, { init, terminate });
}

describe('the first start', () => {
  it('starts each child when the one before it runs', async () => {
    const { promise, open } = gate();
    const starting = lab.start({
      children: [lab.child('a'), lab.child('b', {}, { init: () => promise }), lab.child('c')],
    });
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a']);
    open();
    await starting;
    expect(lab.news()).toEqual(['+b', '+c']);
  });

  it('ends what runs, in reverse, when a child does not start, and says why', async () => {
    const children = [
      lab.child('a', {}, { terminate }),
      lab.child('b', {}, { terminate }),
      failing('c', () => true),
      lab.child('d'),
    ];
    const result = await lab.system.start({ children });
    expect(result).toMatchObject({ ok: false, fault: { code: 'NATS_MISSING' } });
    expect(lab.news()).toEqual(['+a', '+b', '!c', '-b shutdown', '-a shutdown']);
    expect(lab.system.inspector.list()).toEqual([]);
    expect(lab.system.inspector.tree()).toBeNull();
  });

  it('says why through two levels, and is not retried', async () => {
    const inner = supervisor({ children: [lab.child('b', {}, { terminate }), failing('c', () => true)] });
    const result = await lab.system.start({
      children: [lab.child('a', {}, { terminate }), { id: 'inner', start: inner }],
    });
    expect(result).toMatchObject({ ok: false, fault: { code: 'NATS_MISSING' } });
    expect(lab.news()).toEqual(['+a', '+b', '!c', '-b shutdown', '-a shutdown']);
  });

  it('may be tried again by whoever wanted it', async () => {
    const child = failing('a', (attempt) => attempt === 1);
    expect((await lab.system.start({ children: [child] })).ok).toBe(false);
    expect((await lab.system.start({ children: [child] })).ok).toBe(true);
  });

  it.each([
    ['two children of one id', () => ({ children: [lab.child('a'), lab.child('a')] })],
    ['a child without an id', () => ({ children: [{ ...lab.child('a'), id: '' }] })],
    ['a shutdown that is no time', () => ({ children: [lab.child('a', { shutdown: Number.NaN })] })],
    ['a negative shutdown', () => ({ children: [lab.child('a', { shutdown: -1 })] })],
    ['an empty window', () => ({ children: [], intensity: { maxRestarts: 1, windowMs: 0 } })],
    ['a negative intensity', () => ({ children: [], intensity: { maxRestarts: -1, windowMs: 1 } })],
    [
      'a backoff that shrinks',
      () => ({ children: [lab.child('a', { backoff: { initialMs: 9, maxMs: 1 } })] }),
    ],
  ])('refuses %s', async (_what, spec) => {
    expect(await lab.system.start(spec())).toMatchObject({ ok: false, fault: { code: 'REQUEST_INVALID' } });
  });

  it('is refused while the tree runs', async () => {
    await lab.start({ children: [lab.child('a')] });
    const again = await lab.system.start({ children: [] });
    expect(again).toMatchObject({ ok: false, fault: { code: 'ACTOR_NAME' } });
    expect(lab.isAlive('a')).toBe(true);
  });

  it('that two children with one name share fails', async () => {
    const children = [lab.child('a'), { ...lab.child('a'), id: 'b' }];
    expect(await lab.system.start({ children })).toMatchObject({ fault: { code: 'ACTOR_NAME' } });
  });
});

describe('a restart that fails', () => {
  it('is tried again at once, each try a restart to the intensity', async () => {
    await lab.start({ intensity: generous, children: [failing('a', (n) => n > 1 && n < 5)] });
    lab.news();
    await lab.crash('a');
    expect(lab.news()).toEqual(['-a INTERNAL', '!a', '!a', '!a', '+a']);
    expect(lab.system.restarts).toBe(4);
  });

  it('ends the supervisor when there are too many', async () => {
    await lab.start({
      intensity: { maxRestarts: 3, windowMs: 1_000 },
      children: [lab.child('first', {}, { terminate }), failing('a', (n) => n > 1)],
    });
    lab.news();
    await lab.crash('a');
    expect(lab.news()).toEqual(['-a INTERNAL', '!a', '!a', '!a', '-first shutdown']);
    expect(await lab.system.ended).toBe('shutdown');
  });

  it('leaves room for requests between two tries: the child can be terminated', async () => {
    await lab.start({
      intensity: { maxRestarts: 100_000, windowMs: 1_000 },
      children: [failing('a', (n) => n > 1)],
    });
    lab.system.exit(lab.ref('a'), 'kill');
    const result = await lab.root.call({ type: 'terminateChild', id: 'a' });
    expect(result).toEqual({ ok: true });
    await lab.clock.settle();
    expect(lab.news()).toEqual(['+a', '!a']);
    expect(await whichChildren(lab.root)).toMatchObject([{ id: 'a', pid: null, restarting: false }]);
  });

  it('of a later one in rest_for_one goes on from there', async () => {
    const children = [lab.child('a'), failing('b', (n) => n === 2 || n === 3), lab.child('c')];
    await lab.start({ strategy: 'rest_for_one', intensity: generous, children });
    lab.news();
    const before = lab.pid('a');
    await lab.crash('b');
    expect(lab.news()).toEqual(['-b INTERNAL', '!b', '!b', '+b', '+c']);
    expect(lab.pid('a')).toBe(before);
  });

  it('of a later one in one_for_all starts all again', async () => {
    const children = [
      lab.child('a', {}, { terminate }),
      failing('b', (n) => n === 2),
      lab.child('c', {}, { terminate }),
    ];
    await lab.start({ strategy: 'one_for_all', intensity: generous, children });
    lab.news();
    await lab.crash('a');
    expect(lab.news()).toEqual([
      '-a INTERNAL',
      '-c shutdown',
      '-b shutdown',
      '+a',
      '!b',
      '-a shutdown',
      '+a',
      '+b',
      '+c',
    ]);
  });

  it('because its start is broken rather than its init is a failure like any other', async () => {
    let broken = false;
    const { start } = lab.child('a');
    const child: ChildSpec = {
      id: 'a',
      start: {
        type: 'worker',
        start: (host, placement) => {
          if (broken) throw new Error('broken');
          return start.start(host, placement);
        },
      },
    };
    await lab.start({ intensity: { maxRestarts: 2, windowMs: 1_000 }, children: [child] });
    broken = true;
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(false);
    expect(lab.logged.filter((message) => message === 'child did not start')).toHaveLength(2);
  });
});

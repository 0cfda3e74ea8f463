import { beforeEach, describe, expect, it } from 'vitest';
import { supervisor, type Backoff, type SupervisorSpec } from '../../../src/runtime/index.ts';
import { Lab } from './lab.ts';

let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});

const terminate = () => undefined;

async function crashTimes(id: string, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) await lab.crash(id);
}

describe('the restart intensity', () => {
  it.each([0, 1, 3])('stands %i restarts and not one more', async (maxRestarts) => {
    await lab.start({ intensity: { maxRestarts, windowMs: 1_000 }, children: [lab.child('a')] });
    await crashTimes('a', maxRestarts);
    expect(lab.isAlive('a')).toBe(true);
    await lab.crash('a');
    expect([lab.isAlive('a'), lab.isAlive('root')]).toEqual([false, false]);
    expect(await lab.system.ended).toBe('shutdown');
    expect(lab.logged).toContain('too many restarts, so the supervisor ends');
  });

  it('is 1 in 5 s unless told otherwise, as in OTP', async () => {
    await lab.start({ children: [lab.child('a')] });
    await lab.crash('a');
    await lab.clock.advance(5_001);
    await lab.crash('a');
    expect(lab.isAlive('a')).toBe(true);
    await lab.clock.advance(5_000);
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(false);
  });

  it.each([
    [1_000, false],
    [1_001, true],
  ])('still counts a restart at the edge of the window: after %i ms', async (waitMs, survives) => {
    await lab.start({ intensity: { maxRestarts: 1, windowMs: 1_000 }, children: [lab.child('a')] });
    await lab.crash('a');
    await lab.clock.advance(waitMs);
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(survives);
  });

  it('looks at a window that slides, not at fixed periods', async () => {
    await lab.start({ intensity: { maxRestarts: 2, windowMs: 1_000 }, children: [lab.child('a')] });
    for (const waitMs of [900, 200, 900, 200]) {
      await lab.crash('a');
      await lab.clock.advance(waitMs);
    }
    // Restarts at 0, 900, 1100, 2000: never three within a second. Now at 2200, the third since 1200.
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(true);
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(false);
  });

  it('counts all children together', async () => {
    const children = [lab.child('a'), lab.child('b')];
    await lab.start({ intensity: { maxRestarts: 1, windowMs: 1_000 }, children });
    await lab.crash('a');
    await lab.crash('b');
    expect(lab.isAlive('root')).toBe(false);
  });

  it('ends the children in reverse order when it is too much', async () => {
    const children = ['a', 'b', 'c'].map((id) => lab.child(id, {}, { terminate }));
    await lab.start({ intensity: { maxRestarts: 0, windowMs: 1_000 }, children });
    lab.news();
    await lab.crash('b');
    expect(lab.news()).toEqual(['-b INTERNAL', '-c shutdown', '-a shutdown']);
  });
});

describe('escalation', () => {
  const once = { maxRestarts: 1, windowMs: 1_000 };
  const inner = (children: SupervisorSpec['children'], id = 'inner') =>
    ({ id, start: supervisor({ intensity: once, children }, { name: nameOf(id) }) }) as const;
  const nameOf = (id: string) => lab.name(id) as never;

  it('restarts the supervisor that gave up, with fresh children and a fresh count', async () => {
    const children = [lab.child('x'), inner([lab.child('a'), lab.child('b')])];
    await lab.start({ intensity: once, children });
    const [x, first] = [lab.pid('x'), lab.pid('inner')];
    lab.news();
    await crashTimes('a', 2);
    expect(lab.news()).toEqual(['+a', '+a', '+b']);
    expect(lab.pid('inner')).not.toBe(first);
    expect(lab.pid('x')).toBe(x);
    await lab.crash('a');
    expect(lab.news()).toEqual(['+a']);
  });

  it('goes up two levels', async () => {
    const middle = inner([inner([lab.child('a')], 'low')], 'middle');
    await lab.start({ intensity: once, children: [lab.child('x'), middle] });
    const pids = () => ['low', 'middle', 'root'].map((id) => lab.pid(id));
    const [low, mid, root] = pids();
    await crashTimes('a', 2);
    expect(pids()[0]).not.toBe(low);
    expect(pids()[1]).toBe(mid);
    await crashTimes('a', 2);
    expect(pids()[1]).not.toBe(mid);
    expect(pids()[2]).toBe(root);
    await crashTimes('a', 4);
    expect(pids()).toEqual([undefined, undefined, undefined]);
    expect(lab.system.inspector.list()).toEqual([]);
  });

  it('stops at a transient supervisor: giving up is a shutdown, no abnormal exit', async () => {
    const children = [lab.child('x'), { ...inner([lab.child('a')]), restart: 'transient' as const }];
    await lab.start({ intensity: once, children });
    await crashTimes('a', 2);
    expect([lab.isAlive('inner'), lab.isAlive('x')]).toEqual([false, true]);
  });

  it('kills the whole subtree of a killed supervisor at once, and restarts it', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => lab.child(`child${String(n)}`, {}, { terminate }));
    await lab.start({ intensity: once, children: [inner(many)] });
    lab.news();
    await lab.kill('inner');
    await lab.clock.settle();
    expect(lab.news()).toHaveLength(1_000);
    expect(lab.isAlive('child999')).toBe(true);
    expect(lab.logged).not.toContain('child did not start');
  });
});

describe('backoff', () => {
  const backoff: Backoff = { initialMs: 100, maxMs: 500, resetAfterMs: 2_000 };
  const often = { maxRestarts: 100, windowMs: 60_000 };
  /** Crashes, and says after how many ms it runs again. */
  async function pauseAfterCrash(): Promise<number> {
    await lab.crash('a');
    const since = lab.clock.monotonic();
    while (!lab.isAlive('a')) await lab.clock.advance(10);
    return lab.clock.monotonic() - since;
  }

  it('doubles the pause up to its limit', async () => {
    await lab.start({ intensity: often, children: [lab.child('a', { backoff })] });
    const pauses: number[] = [];
    for (let n = 0; n < 5; n += 1) pauses.push(await pauseAfterCrash());
    expect(pauses).toEqual([100, 200, 400, 500, 500]);
  });

  it('begins again after a child was stable, not before', async () => {
    await lab.start({ intensity: often, children: [lab.child('a', { backoff })] });
    await pauseAfterCrash();
    await lab.clock.advance(1_999);
    expect(await pauseAfterCrash()).toBe(200);
    await lab.clock.advance(2_000);
    expect(await pauseAfterCrash()).toBe(100);
  });

  it('applies to restarts that fail as well', async () => {
    let fails = false;
    const at: number[] = [];
    const init = () => {
      at.push(lab.clock.monotonic());
      if (fails) throw new Error('not yet');
    };
    await lab.start({ intensity: often, children: [lab.child('a', { backoff }, { init })] });
    fails = true;
    await lab.crash('a');
    await lab.clock.advance(1_000);
    fails = false;
    await lab.clock.advance(1_000);
    expect(at).toEqual([0, 100, 300, 700, 1_200]);
    expect(lab.isAlive('a')).toBe(true);
  });

  it('counts to the intensity like restarts at once', async () => {
    await lab.start({
      intensity: { maxRestarts: 2, windowMs: 1_000 },
      children: [lab.child('a', { backoff })],
    });
    await pauseAfterCrash();
    await pauseAfterCrash();
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(false);
    expect(lab.clock.pending).toBe(0);
  });

  it('holds up neither the other children nor requests', async () => {
    await lab.start({ intensity: often, children: [lab.child('a', { backoff }), lab.child('b')] });
    await lab.crash('a');
    await lab.crash('b');
    expect([lab.isAlive('a'), lab.isAlive('b')]).toEqual([false, true]);
    const [a] = await lab.root.call({ type: 'whichChildren' });
    expect(a).toMatchObject({ id: 'a', pid: null, restarting: true });
    expect(await lab.root.call({ type: 'restartChild', id: 'a' })).toMatchObject({ error: 'restarting' });
    expect(await lab.root.call({ type: 'deleteChild', id: 'a' })).toMatchObject({ error: 'restarting' });
  });

  it('is called off by terminateChild', async () => {
    await lab.start({ intensity: often, children: [lab.child('a', { backoff })] });
    await lab.crash('a');
    await lab.root.call({ type: 'terminateChild', id: 'a' });
    expect(lab.clock.pending).toBe(0);
    await lab.clock.advance(1_000);
    expect(lab.isAlive('a')).toBe(false);
  });

  it('ends those that go with the child at once, and starts them after the pause', async () => {
    const children = [lab.child('a', { backoff }), lab.child('b', {}, { terminate })];
    await lab.start({ strategy: 'one_for_all', intensity: often, children });
    lab.news();
    await lab.crash('a');
    expect(lab.news()).toEqual(['-b shutdown']);
    await lab.clock.advance(99);
    expect(lab.news()).toEqual([]);
    await lab.clock.advance(1);
    expect(lab.news()).toEqual(['+a', '+b']);
  });

  it('leaves no timer when the supervisor ends or is killed meanwhile', async () => {
    await lab.start({ intensity: often, children: [lab.child('a', { backoff })] });
    await lab.crash('a');
    expect(lab.clock.pending).toBe(1);
    await lab.kill('root');
    expect(lab.clock.pending).toBe(0);
    expect(lab.system.deadLetters().count).toBe(0);
  });
});

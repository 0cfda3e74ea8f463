import { beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import {
  actor,
  countChildren,
  deleteChild,
  renewChild,
  restartChild,
  startChild,
  supervisor,
  terminateChild,
  whichChildren,
} from '../../../src/runtime/index.ts';
import { Lab } from './lab.ts';

let lab: Lab;
beforeEach(async () => {
  lab = new Lab();
  await lab.start({ children: [lab.child('a')] });
});

describe('startChild', () => {
  it('starts a child after the others, restarts it like them, and gives a reference of its type', async () => {
    const result = await startChild(lab.root, {
      id: 'b',
      start: actor(lab.subject('b'), undefined, { name: lab.name('b') }),
    });
    if (!result.ok) throw result.fault;
    await expect(result.ref.call({ type: 'echo', value: 5 })).resolves.toBe(5);
    await lab.crash('b');
    await expect(result.ref.call({ type: 'echo', value: 6 })).resolves.toBe(6);
    expect((await whichChildren(lab.root)).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('refuses an id that runs, and one whose child has ended', async () => {
    expect(await startChild(lab.root, lab.child('a'))).toMatchObject({ ok: false, error: 'already_started' });
    await terminateChild(lab.root, 'a');
    expect(await startChild(lab.root, lab.child('a'))).toMatchObject({ ok: false, error: 'already_present' });
  });

  it('keeps no spec of a child that does not start', async () => {
    const init = () => {
      throw new Fault('WEIGHTS_MISSING', { file: 'x' });
    };
    const result = await startChild(lab.root, lab.child('b', {}, { init }));
    expect(result).toMatchObject({
      ok: false,
      error: 'start_failed',
      fault: { code: 'WEIGHTS_MISSING' },
    });
    expect(await countChildren(lab.root)).toEqual({ specs: 1, active: 1, supervisors: 0, workers: 1 });
    expect(lab.isAlive('root')).toBe(true);
  });

  it('refuses a spec that makes no sense, at no cost to the supervisor', async () => {
    await expect(startChild(lab.root, { ...lab.child('b'), id: '' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect(lab.isAlive('root')).toBe(true);
  });

  it('of a temporary child leaves nothing when it ends', async () => {
    await startChild(lab.root, lab.child('b', { restart: 'temporary' }));
    await lab.crash('b');
    expect(await deleteChild(lab.root, 'b')).toMatchObject({ error: 'not_found' });
    expect((await startChild(lab.root, lab.child('b'))).ok).toBe(true);
  });
});

describe('terminateChild', () => {
  it('ends a child for good and keeps its spec', async () => {
    expect(await terminateChild(lab.root, 'a')).toEqual({ ok: true });
    await lab.clock.advance(100_000);
    expect(lab.isAlive('a')).toBe(false);
    expect(await whichChildren(lab.root)).toEqual([
      { id: 'a', pid: null, restarting: false, type: 'worker', restart: 'permanent' },
    ]);
    expect(await terminateChild(lab.root, 'a')).toEqual({ ok: true });
  });

  it('forgets a temporary child', async () => {
    await startChild(lab.root, lab.child('b', { restart: 'temporary' }));
    await terminateChild(lab.root, 'b');
    expect(await countChildren(lab.root)).toMatchObject({ specs: 1 });
  });

  it('knows no others', async () => {
    expect(await terminateChild(lab.root, 'b')).toMatchObject({
      ok: false,
      error: 'not_found',
      fault: { code: 'NOT_FOUND' },
    });
  });
});

describe('restartChild', () => {
  it('starts what was terminated, and what had ended, without counting it', async () => {
    await terminateChild(lab.root, 'a');
    expect((await restartChild(lab.root, 'a')).ok).toBe(true);
    expect(lab.isAlive('a')).toBe(true);
    await startChild(lab.root, lab.child('b', { restart: 'transient' }));
    for (let n = 0; n < 5; n += 1) {
      await lab.tell('b', { type: 'stop', reason: 'normal' });
      expect((await restartChild(lab.root, 'b')).ok).toBe(true);
    }
    expect([lab.isAlive('b'), lab.system.restarts]).toEqual([true, 0]);
  });

  it('refuses one that runs, and one that is not there', async () => {
    expect(await restartChild(lab.root, 'a')).toMatchObject({ error: 'running' });
    expect(await restartChild(lab.root, 'b')).toMatchObject({ error: 'not_found' });
  });

  it('says why it failed, and does not retry', async () => {
    let fails = false;
    const init = () => {
      if (fails) throw new Fault('WEIGHTS_MISSING', { file: 'x' });
    };
    await startChild(lab.root, lab.child('b', {}, { init }));
    await terminateChild(lab.root, 'b');
    fails = true;
    expect(await restartChild(lab.root, 'b')).toMatchObject({ fault: { code: 'WEIGHTS_MISSING' } });
    await lab.clock.settle();
    expect((await whichChildren(lab.root))[1]).toMatchObject({ pid: null, restarting: false });
  });
});

describe('deleteChild', () => {
  it('forgets one that has ended, and refuses one that runs', async () => {
    expect(await deleteChild(lab.root, 'a')).toMatchObject({ error: 'running' });
    await terminateChild(lab.root, 'a');
    expect(await deleteChild(lab.root, 'a')).toEqual({ ok: true });
    expect(await whichChildren(lab.root)).toEqual([]);
    expect(await deleteChild(lab.root, 'a')).toMatchObject({ error: 'not_found' });
  });
});

describe('countChildren', () => {
  it('counts specs, those that run, supervisors and workers', async () => {
    await startChild(lab.root, { id: 'inner', start: supervisor({ children: [lab.child('b')] }) });
    await terminateChild(lab.root, 'a');
    expect(await countChildren(lab.root)).toEqual({ specs: 2, active: 1, supervisors: 1, workers: 1 });
  });
});

describe('renewChild', () => {
  it('ends a child in order and starts it again, as often as it is asked to', async () => {
    await startChild(lab.root, lab.child('b', {}, { terminate: () => undefined }));
    lab.news();
    for (let count = 0; count < 5; count += 1) expect(await renewChild(lab.root, 'b')).toEqual({ ok: true });
    expect(lab.news()).toEqual(Array.from({ length: 5 }, () => ['-b shutdown', '+b']).flat());
    expect(lab.isAlive('root')).toBe(true);
    expect(lab.system.restarts).toBe(0);
    // What is counted is still counted: one failure more is too much.
    await lab.crash('b');
    expect(lab.isAlive('b')).toBe(true);
    await lab.crash('b');
    expect(lab.isAlive('root')).toBe(false);
  });

  it('takes those with it that the strategy ties to the child', async () => {
    const children = ['b', 'c', 'd'].map((id) => lab.child(id, {}, { terminate: () => undefined }));
    await startChild(lab.root, { id: 'inner', start: supervisor({ strategy: 'rest_for_one', children }) });
    lab.news();
    await lab.system.restart('c');
    expect(lab.news()).toEqual(['-d shutdown', '-c shutdown', '+c', '+d']);
  });

  it('tells why a child does not start again, and goes on trying', async () => {
    let broken = false;
    const init = () => {
      if (broken) throw new Fault('WEIGHTS_MISSING', { file: 'x' });
    };
    await startChild(lab.root, lab.child('b', {}, { init }));
    broken = true;
    const renewed = renewChild(lab.root, 'b').finally(() => (broken = false));
    expect(await renewed).toMatchObject({
      ok: false,
      error: 'start_failed',
      fault: { code: 'WEIGHTS_MISSING' },
    });
    await lab.clock.settle();
    expect(lab.isAlive('b')).toBe(true);
    expect(lab.system.restarts).toBe(1);
  });

  it('starts at once what waits for its restart', async () => {
    await startChild(lab.root, lab.child('b', { backoff: { initialMs: 1_000, maxMs: 1_000 } }));
    await lab.crash('b');
    expect(lab.isAlive('b')).toBe(false);
    expect(await renewChild(lab.root, 'b')).toEqual({ ok: true });
    expect(lab.isAlive('b')).toBe(true);
    const pid = lab.pid('b');
    await lab.clock.advance(2_000);
    expect(lab.pid('b')).toBe(pid);
  });

  it('refuses what nobody would start again', async () => {
    await startChild(lab.root, lab.child('b', { restart: 'temporary' }));
    expect(await renewChild(lab.root, 'b')).toMatchObject({ ok: false, error: 'temporary' });
    expect(await renewChild(lab.root, 'x')).toMatchObject({ ok: false, error: 'not_found' });
    await lab.spawn('loner');
    await expect(lab.system.restart('loner')).rejects.toThrow(/has no supervisor/);
    await expect(lab.system.restart('root')).rejects.toThrow(/has no supervisor/);
    await expect(lab.system.restart('x')).rejects.toMatchObject({ code: 'ACTOR_UNKNOWN' });
    expect(lab.isAlive('b')).toBe(true);
  });
});

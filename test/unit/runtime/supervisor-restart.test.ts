import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { whichChildren, type ExitReason, type Restart, type Strategy } from '../../../src/runtime/index.ts';
import { Lab, textOf } from './lab.ts';

const strategies: Strategy[] = ['one_for_one', 'one_for_all', 'rest_for_one'];
const restarts: Restart[] = ['permanent', 'transient', 'temporary'];
const reasons: ExitReason[] = [
  'normal',
  'shutdown',
  { shutdown: 'drained' },
  'killed',
  'noproc',
  new Fault('QUEUE_FULL'),
];

/** OTP's table: is a child of this restart type restarted after this exit? */
function isRestarted(restart: Restart, reason: ExitReason): boolean {
  if (restart !== 'transient') return restart === 'permanent';
  return reason instanceof Fault || reason === 'killed' || reason === 'noproc';
}

/** Who gets a new process when b is restarted. */
const restartedWithB: Record<Strategy, string[]> = {
  one_for_one: ['b'],
  one_for_all: ['a', 'b', 'c'],
  rest_for_one: ['b', 'c'],
};

const cases = strategies.flatMap((strategy) =>
  restarts.flatMap((restart) => reasons.map((reason) => ({ strategy, restart, reason }))),
);

describe.each(cases)(
  '$strategy, a $restart child that ends with $reason',
  ({ strategy, restart, reason }) => {
    const expected = isRestarted(restart, reason) ? restartedWithB[strategy] : [];

    it(`restarts [${expected.join(' ')}] and leaves the others`, async () => {
      const lab = new Lab();
      const children = [lab.child('a'), lab.child('b', { restart }), lab.child('c')];
      await lab.start({ strategy, children });
      const before = new Map(['a', 'b', 'c'].map((id) => [id, lab.pid(id)]));
      lab.news();
      await lab.tell('b', { type: 'stop', reason });
      expect(lab.news()).toEqual(expected.map((id) => `+${id}`));
      const untouched = ['a', 'c'].filter((id) => !expected.includes(id));
      expect(untouched.map((id) => lab.pid(id))).toEqual(untouched.map((id) => before.get(id)));
      expect(lab.isAlive('b')).toBe(expected.includes('b'));
      const specs = (await whichChildren(lab.root)).map(({ id }) => id);
      expect(specs).toEqual(restart === 'temporary' ? ['a', 'c'] : ['a', 'b', 'c']);
    });

    it(`${textOf(reason)} counts ${expected.length > 0 ? 'one restart' : 'nothing'}`, async () => {
      const lab = new Lab();
      await lab.start({
        strategy,
        intensity: { maxRestarts: 0, windowMs: 1_000 },
        children: [lab.child('a'), lab.child('b', { restart }), lab.child('c')],
      });
      await lab.tell('b', { type: 'stop', reason });
      expect(lab.isAlive('root')).toBe(expected.length === 0);
    });
  },
);

describe('a child that ends in another way', () => {
  it.each([
    ['throws', (lab: Lab) => lab.crash('b')],
    ['is killed', (lab: Lab) => lab.kill('b')],
    [
      'gets an exit signal',
      async (lab: Lab) => {
        lab.system.exit(lab.ref('b'), new Fault('QUEUE_FULL'));
        await lab.clock.settle();
      },
    ],
    ['rejects', (lab: Lab) => lab.tell('b', { type: 'await', gate: Promise.reject(new Error('rejected')) })],
  ])('is restarted when transient: %s', async (_how, act) => {
    const lab = new Lab();
    await lab.start({ children: [lab.child('b', { restart: 'transient' })] });
    const before = lab.pid('b');
    await act(lab);
    expect(lab.isAlive('b')).toBe(true);
    expect(lab.pid('b')).not.toBe(before);
    expect(lab.system.restarts).toBe(1);
  });
});

describe('a restart of several', () => {
  it('ends them in reverse order before it starts them in order', async () => {
    const lab = new Lab();
    const terminate = () => undefined;
    const children = ['a', 'b', 'c', 'd'].map((id) => lab.child(id, {}, { terminate }));
    await lab.start({ strategy: 'one_for_all', children });
    lab.news();
    await lab.crash('b');
    expect(lab.news()).toEqual([
      '-b INTERNAL',
      '-d shutdown',
      '-c shutdown',
      '-a shutdown',
      '+a',
      '+b',
      '+c',
      '+d',
    ]);
  });

  it('forgets the temporary ones, and starts again those that had ended', async () => {
    const lab = new Lab();
    await lab.start({
      strategy: 'one_for_all',
      children: [
        lab.child('a', { restart: 'temporary' }),
        lab.child('b', { restart: 'transient' }),
        lab.child('c'),
      ],
    });
    await lab.tell('b', { type: 'stop', reason: 'normal' });
    lab.news();
    await lab.crash('c');
    expect(lab.news()).toEqual(['+b', '+c']);
    expect((await whichChildren(lab.root)).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('is one restart to the intensity', async () => {
    const lab = new Lab();
    const children = ['a', 'b', 'c'].map((id) => lab.child(id));
    await lab.start({
      strategy: 'one_for_all',
      intensity: { maxRestarts: 2, windowMs: 1_000 },
      children,
    });
    await lab.crash('a');
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(true);
    await lab.crash('a');
    expect(lab.isAlive('root')).toBe(false);
  });
});

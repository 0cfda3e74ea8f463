import { describe, expect, test } from 'vitest';
import { Window } from '../../../src/train/window.ts';

/** A work that ends when it is told to. */
function gate() {
  let open: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const work = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { open, fail, work: () => work };
}

/** Whether a promise is settled, once everything that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('a window', () => {
  test('lets in as many as it is wide, and the next when one is over', async () => {
    const window = new Window(2);
    const gates = [gate(), gate(), gate()];
    const entered = gates.map(({ work }) => window.enter(work));
    expect(await isSettled(Promise.all(entered.slice(0, 2)))).toBe(true);
    expect(await isSettled(entered[2]!)).toBe(false);
    gates[1]!.open();
    await entered[2];
    const drained = window.drain();
    gates[0]!.open();
    expect(await isSettled(drained)).toBe(false);
    gates[2]!.open();
    await drained;
  });

  test('throws the first failure at whoever comes next, after the works that go on', async () => {
    const window = new Window(2);
    const [bad, good] = [gate(), gate()];
    await window.enter(bad.work);
    await window.enter(good.work);
    bad.fail(new Error('first'));
    await expect(window.enter(() => Promise.reject(new Error('never begun')))).rejects.toThrow('first');
    const drained = window.drain();
    expect(await isSettled(drained)).toBe(false);
    good.open();
    await expect(drained).rejects.toThrow('first');
  });

  test('with nothing in it is drained at once', async () => {
    await new Window(1).drain();
  });
});

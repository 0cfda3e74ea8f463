import { expect, test } from 'vitest';
import { Pacer } from '../../../actors/pacer.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';

test('photos begin so many a second, whatever they come in', async () => {
  const clock = new SimulatedClock();
  const pacer = new Pacer(10, clock);
  const { signal } = new AbortController();
  const at: number[] = [];
  const began = clock.monotonic();
  const all = (async () => {
    for (const photos of [5, 20, 1, 0, 1]) {
      await pacer.pass(photos, signal);
      at.push(clock.monotonic() - began);
    }
  })();
  for (let tick = 0; tick < 40; tick += 1) {
    await clock.advance(100);
  }
  await all;
  expect(at).toEqual([0, 500, 2_500, 2_600, 2_600]);
});

test('a wait ends with the run', async () => {
  const pacer = new Pacer(0.01, new SimulatedClock());
  const abort = new AbortController();
  await pacer.pass(1, abort.signal);
  const waiting = pacer.pass(1, abort.signal);
  abort.abort(new Error('ended'));
  await expect(waiting).rejects.toThrow('ended');
  await expect(pacer.pass(1, abort.signal)).rejects.toThrow('ended');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReconnectPace } from '../../src/transport/reconnect-pace.ts';

/** The rule by which the client waits, with a clock of its own that somebody sets; answers when it tries, in monotonic ms. */
function attempts(jumps: readonly number[], untilMs: number): number[] {
  let now = 0;
  let wall = 10_000_000;
  const pace = new ReconnectPace(() => now);
  const tried: number[] = [];
  let lastAttempt = wall;
  for (let step = 0; now < untilMs; step++) {
    const wait = pace.next();
    if (lastAttempt + wait <= wall) {
      lastAttempt = wall;
      tried.push(now);
    } else {
      const sleep = Math.min(wait, lastAttempt + wait - wall);
      now += sleep;
      wall += sleep;
    }
    wall += jumps[step] ?? 0;
    if (step > 10_000) throw new Error('it does not sleep');
  }
  return tried;
}

test('a lost connection is tried again every two seconds at least, wherever the clock is set, and not all the time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(0, 0, -3_600_000, 3_600_000, -50, 50), { maxLength: 60 }),
      (jumps) => {
        const tried = attempts(jumps, 60_000);
        expect(tried[0]).toBe(0);
        const pauses = tried.slice(1).map((at, index) => at - (tried[index] ?? 0));
        expect(Math.max(...pauses)).toBeLessThanOrEqual(2_000);
        // A clock that is set forward may have an attempt come early.
        if (jumps.every((jump) => jump <= 0)) expect(Math.min(...pauses)).toBeGreaterThanOrEqual(100);
      },
    ),
  );
});

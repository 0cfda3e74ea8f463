import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { ActorName, ActorSystem, type ActorRef, type Behaviour } from '../../../src/runtime/index.ts';

const names = [new ActorName<number>('ping'), new ActorName<number>('pong')] as const;

/** Sends each number back, without end. */
function player(
  system: ActorSystem,
  other: ActorName<number>,
  asynchronous: boolean,
): Behaviour<number, number> {
  const back = (count: number, n: number) => {
    system.ref(other).cast(n + 1);
    return count + 1;
  };
  return {
    kind: 'player',
    init: () => 0,
    receive: asynchronous ? (count, n) => Promise.resolve(back(count, n)) : back,
  };
}

async function play(asynchronous: boolean): Promise<{ system: ActorSystem; first: ActorRef<number> }> {
  const system = new ActorSystem({ clock: systemClock });
  await system.spawn(player(system, names[1], asynchronous), undefined, { name: names[0] });
  await system.spawn(player(system, names[0], asynchronous), undefined, { name: names[1] });
  return { system, first: system.ref(names[0]) };
}

const handled = (system: ActorSystem, name: string) => system.inspector.status(name).mailbox?.handled ?? 0;

describe.each([false, true])('the scheduler (asynchronous: %s)', (asynchronous) => {
  it('lets timers and sockets have their turn while actors never run dry', async () => {
    const { system, first } = await play(asynchronous);
    first.cast(0);
    for (let round = 0; round < 5; round += 1) {
      const before = handled(system, 'ping');
      await new Promise((resolve) => setTimeout(resolve, 0));
      await new Promise((resolve) => setImmediate(resolve));
      expect(handled(system, 'ping')).toBeGreaterThan(before);
    }
    expect(await system.stop(1_000)).toEqual([]);
  });

  it('lets an actor with little to do have its turn beside one with much', async () => {
    const { system, first } = await play(asynchronous);
    for (let n = 0; n < 1_000; n += 1) first.cast(n);
    const done = new Promise<number>((resolve) => {
      const quiet: Behaviour<null, number> = {
        kind: 'quiet',
        init: () => null,
        receive(state, message) {
          resolve(message);
          return state;
        },
      };
      void system.spawn(quiet, undefined).then((started) => {
        if (started.ok) started.ref.cast(7);
      });
    });
    expect(await done).toBe(7);
    await system.stop(1_000);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ActorName, type ActorRef, type Behaviour } from '../../../src/runtime/index.ts';
import { Lab } from '../../unit/runtime/lab.ts';

interface Numbered {
  readonly sender: number;
  readonly n: number;
}
type Receiver = Numbered;

/** How long the receiver awaits on each message in turn: not at all, a promise, or a round of the event loop. */
const pace = fc.constantFrom<'sync' | 'promise' | 'round'>('sync', 'promise', 'round');

function receiver(
  got: Numbered[],
  paces: readonly ('sync' | 'promise' | 'round')[],
): Behaviour<number, Receiver> {
  return {
    kind: 'receiver',
    mailboxLimit: 100_000,
    init: () => 0,
    receive(count, message) {
      got.push(message);
      const pace = paces[count % paces.length];
      if (pace === 'promise') return Promise.resolve(count + 1);
      if (pace === 'round')
        return new Promise((resolve) => {
          setImmediate(() => {
            resolve(count + 1);
          });
        });
      return count + 1;
    },
  };
}

/** Sends so many further messages each time it is told. */
function sender(id: number, to: ActorRef<Receiver>): Behaviour<number, number> {
  return {
    kind: 'sender',
    init: () => 0,
    receive(sent, burst) {
      for (let n = 0; n < burst; n += 1) to.cast({ sender: id, n: sent + n });
      return sent + burst;
    },
  };
}

it('messages of one sender arrive in order, and all of them', async () => {
  const bursts = fc.array(fc.record({ sender: fc.nat(3), burst: fc.integer({ min: 1, max: 40 }) }), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(pace, { minLength: 1, maxLength: 5 }), bursts, async (paces, orders) => {
      const lab = new Lab();
      const got: Numbered[] = [];
      const name = new ActorName<Receiver>('receiver');
      await lab.system.spawn(receiver(got, paces), undefined, { name });
      const senders: ActorRef<number>[] = [];
      for (let id = 0; id < 4; id += 1) {
        const started = await lab.system.spawn(sender(id, lab.system.ref(name)), undefined);
        if (started.ok) senders.push(started.ref);
      }
      for (const { sender: id, burst } of orders) senders[id]!.cast(burst);
      const all = orders.reduce((sum, { burst }) => sum + burst, 0);
      while (got.length < all) await lab.clock.settle();
      for (let id = 0; id < 4; id += 1) {
        const sequence = got.filter(({ sender }) => sender === id).map(({ n }) => n);
        expect(sequence).toEqual(sequence.map((_, index) => index));
      }
      expect(got).toHaveLength(all);
    }),
    { numRuns: 60 },
  );
});

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { Fault } from '../../src/base/errors.ts';
import { randomId } from '../../src/base/ids.ts';
import { Connection } from '../../src/transport/connection.ts';
import { openClusterRecords, type LeaseRecord } from '../../src/transport/cluster-records.ts';
import type { JsonBucket } from '../../src/transport/json-bucket.ts';
import { endLease, KeyLease, type LeaseTimes } from '../../src/transport/key-lease.ts';
import { startNats, type TestNats } from '../support/nats.ts';

const leaseMs = 4_000;

let nats: TestNats;
let connection: Connection;
let bucket: JsonBucket<LeaseRecord>;

beforeAll(async () => {
  nats = await startNats();
  connection = await Connection.open({ url: nats.url, role: 'node', name: 'test' });
  bucket = (await openClusterRecords(connection)).leases;
});

afterAll(async () => {
  await connection.close();
  await nats.stop();
});

/** Time that all contenders share, though their clocks show it differently. */
class World {
  elapsedMs = 0;

  /** A clock that started at another time, and runs a little fast or slow. */
  clock(startMs = 0, rate = 1): Clock {
    const monotonic = () => startMs + rate * this.elapsedMs;
    return { monotonic, now: monotonic, after: () => () => undefined };
  }
}

/** A contender whose process may stand still before or after any message, and lose answers. */
class Contender {
  readonly lease: KeyLease;
  paused = false;
  losesNextAnswer = false;
  /** Stands still when its next message has been carried out, and before it knows. */
  haltsAtAnswer = false;
  step: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #awake = Promise.resolve();
  #halted: () => void = () => undefined;

  constructor(key: string, name: string, times: LeaseTimes) {
    const through = async <T>(ask: () => Promise<T>): Promise<T> => {
      await this.#awake;
      const answer = await ask();
      if (this.haltsAtAnswer) {
        this.haltsAtAnswer = false;
        this.pause();
        this.#halted();
      }
      await this.#awake;
      if (!this.losesNextAnswer) return answer;
      this.losesNextAnswer = false;
      throw new Fault('NATS_UNREACHABLE', { url: nats.url, reason: 'the answer was lost' });
    };
    const self = { holder: name, node: name, folder: name };
    const slow: Pick<JsonBucket<LeaseRecord>, 'get' | 'put'> = {
      get: (...given) => through(() => bucket.get(...given)),
      put: (...given) => through(() => bucket.put(...given)),
    };
    this.lease = new KeyLease({ bucket: slow, key, self, ...times });
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.#awake = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async resume(): Promise<void> {
    this.paused = false;
    this.haltsAtAnswer = false;
    this.#wake();
    await this.step;
  }

  /** Begins a step; waits for it, or until the contender stands still. */
  async act(what: 'step' | 'release'): Promise<void> {
    const halted = new Promise<void>((resolve) => {
      this.#halted = resolve;
    });
    this.step ??= (what === 'step' ? this.lease.step() : this.lease.release()).then(
      () => (this.step = undefined),
      () => (this.step = undefined),
    );
    if (!this.paused) await Promise.race([this.step, halted]);
  }
}

const keyOf = () => `lease.${randomId()}`;

describe('a lease', () => {
  const two = () => {
    const [world, key] = [new World(), keyOf()];
    const [a, b] = ['a', 'b'].map((name) => new Contender(key, name, { clock: world.clock(), leaseMs })) as [
      Contender,
      Contender,
    ];
    return { world, key, a: a.lease, b: b.lease, holders: [a, b] };
  };

  /** Looks as often as an owner does, for so long. */
  const looks = async (world: World, lease: KeyLease, forMs: number) => {
    for (let left = forMs; left > 0; left -= 1_000) {
      world.elapsedMs += 1_000;
      await lease.step();
    }
  };

  test('is had by the first, kept while it is renewed, and taken over when it is not', async () => {
    const { world, a, b } = two();
    expect(await a.step()).toBeUndefined();
    expect(await b.step()).toMatchObject({ value: { holder: 'a', term: 1, held: true } });
    for (let time = 0; time < 12; time += 1) {
      world.elapsedMs += 1_000;
      await a.step();
      await b.step();
    }
    expect([a.term, b.term]).toEqual([1, undefined]);
    await looks(world, b, 5_000);
    expect([a.term, b.term]).toEqual([undefined, 2]);
    expect(await a.step()).toMatchObject({ value: { holder: 'b', term: 2 } });
  });

  test('that was released is taken at once; a release by whoever lost it changes nothing', async () => {
    const { world, a, b } = two();
    await a.step();
    await a.release();
    expect(a.term).toBeUndefined();
    expect(await b.step()).toBeUndefined();
    expect(b.term).toBe(2);
    await looks(world, a, 5_000);
    expect(a.term).toBe(3);
    await b.release();
    expect(await b.step()).toMatchObject({ value: { holder: 'a', held: true } });
  });

  test('is over for its holder before anybody else can have it', async () => {
    const { world, a } = two();
    await a.step();
    world.elapsedMs += 3_900;
    expect(a.term).toBe(1);
    world.elapsedMs += 100;
    expect(a.term).toBeUndefined();
    expect(await a.step()).toBeUndefined();
    expect(a.term).toBe(1);
  });

  test('does not expire for whoever did not look for a while', async () => {
    const { world, a, b } = two();
    await a.step();
    await b.step();
    world.elapsedMs += 60_000;
    expect(await b.step()).toBeDefined();
    expect(await a.step()).toBeUndefined();
  });

  test('is known as its own by a holder that did not hear of its renewal', async () => {
    const { holders, a } = two();
    await a.step();
    holders[0]!.losesNextAnswer = true;
    await expect(a.step()).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
    expect(await a.step()).toBeUndefined();
    expect(a.term).toBe(1);
  });

  test('of a node that was killed is had at once by the next process on its data folder', async () => {
    const { world, key, a } = two();
    await a.step();
    const self = { holder: 'a2', node: 'a', folder: 'a' };
    const next = new KeyLease({ bucket, key, self, leaseMs, clock: world.clock() });
    expect(await next.step()).toBeUndefined();
    expect(next.term).toBe(2);
  });

  test('that was ended is noticed by its holder, which may take it again under another term', async () => {
    const { key, a } = two();
    await a.step();
    const found = (await bucket.get(key))!;
    await a.step();
    expect(await endLease(bucket, key, found)).toBe(false);
    expect(await endLease(bucket, key, (await bucket.get(key))!)).toBe(true);
    expect(await a.step()).toBeUndefined();
    expect(a.term).toBe(2);
  });
});

test('two never have a lease at once, whatever their clocks, pauses and lost answers', async () => {
  const who = fc.nat({ max: 2 });
  const command = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('step' as const), who }) },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('pause' as const, 'halt' as const, 'resume' as const),
        who,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('release' as const, 'lose' as const), who }) },
  );
  const clocks = fc.array(
    fc.record({
      leaseMs: fc.constantFrom(2_000, leaseMs, 7_000),
      startMs: fc.integer({ min: 0, max: 1e9 }),
      rate: fc.double({ min: 0.996, max: 1.004, noNaN: true }),
    }),
    { minLength: 3, maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(
      clocks,
      fc.array(command, { minLength: 20, maxLength: 120 }),
      async (given, commands) => {
        const [world, key] = [new World(), keyOf()];
        const contenders = given.map(
          ({ startMs, rate, leaseMs: own }, index) =>
            new Contender(key, `n${String(index)}`, { clock: world.clock(startMs, rate), leaseMs: own }),
        );
        const terms = new Map<number, number>();
        const check = () => {
          const holders = contenders.flatMap(({ lease: { term } }, index) =>
            term === undefined ? [] : [{ term, index }],
          );
          expect(holders.length).toBeLessThan(2);
          for (const { term, index } of holders) {
            // A term is that of one holder, and no later one has been.
            expect(terms.get(term) ?? index).toBe(index);
            terms.set(term, index);
            expect(Math.max(...terms.keys())).toBe(term);
          }
        };
        for (const one of commands) {
          if (one.do === 'wait') world.elapsedMs += one.ms;
          else {
            const contender = contenders[one.who]!;
            if (one.do === 'pause') contender.pause();
            else if (one.do === 'resume') await contender.resume();
            else if (one.do === 'halt') contender.haltsAtAnswer = true;
            else if (one.do === 'lose') contender.losesNextAnswer = true;
            else await contender.act(one.do);
          }
          check();
        }
        for (const contender of contenders) await contender.resume();
        check();
      },
    ),
    { numRuns: 200 },
  );
});

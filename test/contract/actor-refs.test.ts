import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Fault } from '../../src/base/errors.ts';
import {
  ActorName,
  type ActorRef,
  type ActorSystem,
  type Behaviour,
  type Reply,
  type Request,
  type Signal,
} from '../../src/runtime/index.ts';
import { startNats, type TestNats } from '../support/nats.ts';
import { StubMember } from '../support/stub-member.ts';
import { until } from '../support/until.ts';

type KeeperMessage =
  | { readonly type: 'note'; readonly number: number }
  | { readonly type: 'end'; readonly how: 'normal' | 'fault' }
  | { readonly type: 'hang' }
  | Request<{ readonly type: 'add'; readonly a: number; readonly b: number }, number>
  | Request<
      { readonly type: 'size'; readonly bytes: Uint8Array },
      { readonly length: number; readonly last: number }
    >
  | Request<{ readonly type: 'refuse' }, number>
  | Request<{ readonly type: 'keep' }, number>;

/** What another node may say. */
const fromRemote = z.discriminatedUnion('type', [
  z.object({ type: z.literal('note'), number: z.int() }),
  z.object({ type: z.literal('end'), how: z.enum(['normal', 'fault']) }),
  z.object({ type: z.literal('hang') }),
  z.object({ type: z.literal('add'), a: z.number(), b: z.number() }),
  z.object({ type: z.literal('size'), bytes: z.instanceof(Uint8Array) }),
  z.object({ type: z.literal('refuse') }),
  z.object({ type: z.literal('keep') }),
]);
const remote = (message: unknown) => fromRemote.parse(message);

let notes: number[] = [];

const keeper: Behaviour<Reply<number>[], KeeperMessage> = {
  kind: 'keeper',
  init: () => [],
  receive: (kept, message, context) => {
    switch (message.type) {
      case 'note':
        notes.push(message.number);
        break;
      case 'end':
        if (message.how === 'fault') throw new Fault('QUEUE_FULL');
        context.stop();
        break;
      case 'hang':
        return new Promise(() => undefined);
      case 'add':
        message.reply.ok(message.a + message.b);
        break;
      case 'size':
        message.reply.ok({ length: message.bytes.length, last: message.bytes.at(-1) ?? -1 });
        break;
      case 'refuse':
        message.reply.fail(new Fault('DISK_FULL', { file: 'f' }));
        break;
      case 'keep':
        return [...kept, message.reply];
    }
    return kept;
  },
};

type WitnessMessage = { readonly type: 'monitor'; readonly other: ActorRef<KeeperMessage> };

/** Monitors, and writes down what it hears of it. */
const witnessOf = (signals: Signal[]): Behaviour<undefined, WitnessMessage> => ({
  kind: 'witness',
  init: () => undefined,
  receive: (_, { other }, context) => {
    context.monitor(other);
    return undefined;
  },
  signal: (_, signal) => {
    signals.push(signal);
    return undefined;
  },
});

const keeperName = new ActorName<KeeperMessage>('keepers/photos:1');

let nats: TestNats;
let here: StubMember;
let there: StubMember;

beforeAll(async () => {
  nats = await startNats(['-c', 'test/support/large-payload.conf']);
  [here, there] = [await StubMember.join(nats.url, 'n1'), await StubMember.join(nats.url, 'n2')];
  await until(() => here.alive.length === 2 && there.alive.length === 2);
});

afterAll(async () => {
  await Promise.all([here.dispose(), there.dispose()]);
  await nats.stop();
});

describe.each(['local', 'remote'])('a %s reference', (kind) => {
  let home: ActorSystem;
  let ref: ActorRef<KeeperMessage>;
  let signals: Signal[];
  let witness: ActorRef<WitnessMessage>;

  beforeEach(async () => {
    notes = [];
    signals = [];
    home = kind === 'local' ? here.system : there.system;
    await home.spawn(keeper, undefined, { name: keeperName, mailboxLimit: 50, remote });
    ref = here.system.ref(keeperName, home.node);
    const started = await here.system.spawn(witnessOf(signals), undefined);
    if (!started.ok) throw started.fault;
    witness = started.ref;
  });

  afterEach(async () => {
    const [keeping, witnessing] = [home.ref(keeperName), witness];
    home.exit(keeping, 'kill');
    here.system.exit(witnessing, 'kill');
    await Promise.all([home.whenDown(keeping), here.system.whenDown(witnessing)]);
  });

  const monitored = async () => {
    witness.cast({ type: 'monitor', other: ref });
    await until(() => home.inspector.status(keeperName.name).watchers > 0);
  };

  it('has the same address wherever the actor runs', () => {
    expect(ref.address).toEqual({ node: home.node, name: keeperName.name });
  });

  it('calls, with bytes as well', async () => {
    await expect(ref.call({ type: 'add', a: 2, b: 3 })).resolves.toBe(5);
    const bytes = new Uint8Array(24 * 1024 * 1024).fill(7);
    await expect(ref.call({ type: 'size', bytes }, 30_000)).resolves.toEqual({
      length: bytes.length,
      last: 7,
    });
  });

  it('fails a call with what the receiver says', async () => {
    await expect(ref.call({ type: 'refuse' })).rejects.toMatchObject({
      code: 'DISK_FULL',
      details: { file: 'f' },
    });
  });

  it('ends a call that takes too long', async () => {
    await expect(ref.call({ type: 'keep' }, 50)).rejects.toMatchObject({ code: 'ACTOR_CALL_TIMEOUT' });
  });

  it('fails a call at once if nobody is there', async () => {
    const nobody = here.system.ref(new ActorName<KeeperMessage>('nobody'), home.node);
    await expect(nobody.call({ type: 'keep' }, 'infinity')).rejects.toMatchObject({
      code: 'ACTOR_DOWN',
      details: { reason: 'noproc' },
    });
  });

  it('fails calls when the receiver ends', async () => {
    const call = ref.call({ type: 'keep' }, 'infinity');
    ref.cast({ type: 'end', how: 'normal' });
    await expect(call).rejects.toMatchObject({ code: 'ACTOR_DOWN', details: { reason: 'normal' } });
  });

  it('fails a call to a full mailbox', async () => {
    ref.cast({ type: 'hang' });
    await until(() => home.inspector.status(keeperName.name).mailbox?.current?.forMs !== undefined);
    for (let number = 0; number < 50; number++) ref.cast({ type: 'note', number });
    await until(() => home.inspector.status(keeperName.name).mailbox?.length === 50);
    await expect(ref.call({ type: 'add', a: 1, b: 1 })).rejects.toMatchObject({
      code: 'MAILBOX_FULL',
      details: { limit: 50 },
    });
  });

  it('keeps messages of one sender in order, calls among them', async () => {
    const numbers = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(numbers, async (asCall) => {
        notes = [];
        const calls: Promise<number>[] = [];
        for (const [number, isCall] of asCall.entries()) {
          if (isCall) calls.push(ref.call({ type: 'add', a: number, b: notes.length }));
          expect(ref.trySend({ type: 'note', number })).toBeUndefined();
        }
        // Whoever is answered after them has been told after them.
        await ref.call({ type: 'add', a: 0, b: 0 });
        await Promise.all(calls);
        expect(notes).toEqual([...asCall.keys()]);
      }),
      { numRuns: 20 },
    );
  });

  it('tells once why a monitored actor has ended', async () => {
    await monitored();
    ref.cast({ type: 'end', how: 'fault' });
    await until(() => signals.length > 0);
    expect(signals).toMatchObject([
      { type: 'down', from: { node: home.node }, reason: { code: 'QUEUE_FULL' } },
    ]);
  });

  it('tells of a kill, and of an actor that is not there', async () => {
    await monitored();
    home.exit(home.ref(keeperName), 'kill');
    await until(() => signals.length === 1);
    await home.whenDown(home.ref(keeperName));
    witness.cast({ type: 'monitor', other: ref });
    await until(() => signals.length === 2);
    expect(signals).toMatchObject([{ reason: 'killed' }, { reason: 'noproc' }]);
  });
});

describe('an actor of another node', () => {
  it('takes only what it lets through, and nothing unless it says so', async () => {
    await there.system.spawn(keeper, undefined, { name: keeperName, remote });
    const ref = here.system.ref(keeperName, 'n2');
    const wrong = { type: 'add', a: 'one', b: 2 } as never as { type: 'add'; a: number; b: number };
    await expect(ref.call(wrong)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const closed = new ActorName<KeeperMessage>('closed');
    await there.system.spawn(keeper, undefined, { name: closed });
    await expect(here.system.ref(closed, 'n2').call({ type: 'keep' })).rejects.toMatchObject({
      code: 'ACTOR_DOWN',
      details: { reason: 'noproc' },
    });
    await expect(ref.call({ type: 'add', a: 1, b: 2 })).resolves.toBe(3);
    there.system.exit(there.system.ref(keeperName), 'kill');
  });

  it('is out of reach at once on a node that is not there', async () => {
    const ref = here.system.ref(keeperName, 'n9');
    await expect(ref.call({ type: 'keep' }, 'infinity')).rejects.toMatchObject({ code: 'NODE_UNAVAILABLE' });
  });

  it('is down when its node is lost, and so is every call to it', async () => {
    const third = await StubMember.join(nats.url, 'n3', { leaseMs: 1_000 });
    try {
      await until(() => here.alive.includes('n3'));
      await third.system.spawn(keeper, undefined, { name: keeperName, remote });
      const signals: Signal[] = [];
      const started = await here.system.spawn(witnessOf(signals), undefined);
      if (!started.ok) throw started.fault;
      const ref = here.system.ref(keeperName, 'n3');
      started.ref.cast({ type: 'monitor', other: ref });
      await until(() => third.system.inspector.status(keeperName.name).watchers > 0);
      const call = ref.call({ type: 'keep' }, 'infinity').catch((error: unknown) => Fault.from(error));
      await until(() => third.system.inspector.status(keeperName.name).mailbox?.handled === 1);
      await third.kill();
      await expect(call).resolves.toMatchObject({ code: 'ACTOR_DOWN', details: { reason: 'noconnection' } });
      await until(() => signals.length === 1);
      expect(signals).toMatchObject([{ type: 'down', from: { node: 'n3' }, reason: 'noconnection' }]);
      expect(ref.trySend({ type: 'note', number: 1 })).toMatchObject({ code: 'NODE_UNAVAILABLE' });
    } finally {
      await third.dispose();
    }
  });
});

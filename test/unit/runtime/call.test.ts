import { beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/errors.ts';
import { ActorName, type Behaviour, type Reply, type Request } from '../../../src/runtime/index.ts';
import { gate, Lab } from './lab.ts';

type Message =
  | Request<{ readonly type: 'answer'; readonly value: number }, number>
  | Request<{ readonly type: 'refuse' }, number>
  | Request<{ readonly type: 'keep' }, string>
  | { readonly type: 'release'; readonly value: string }
  | { readonly type: 'wedge'; readonly gate: Promise<void> };

const keeper: Behaviour<readonly Reply<string>[], Message> = {
  kind: 'keeper',
  init: () => [],
  receive(kept, message) {
    switch (message.type) {
      case 'answer':
        message.reply.ok(message.value);
        return kept;
      case 'refuse':
        message.reply.fail(new Fault('QUEUE_FULL'));
        return kept;
      case 'keep':
        return [...kept, message.reply];
      case 'release':
        for (const reply of kept) reply.ok(message.value);
        return [];
      case 'wedge':
        return message.gate.then(() => kept);
    }
  },
};

const keeperName = new ActorName<Message>('keeper');
let lab: Lab;
beforeEach(async () => {
  lab = new Lab();
  await lab.system.spawn(keeper, undefined, { name: keeperName });
});

describe('call', () => {
  it('resolves with the reply and leaves nothing behind', async () => {
    await expect(lab.system.ref(keeperName).call({ type: 'answer', value: 3 })).resolves.toBe(3);
    expect(lab.clock.pending).toBe(0);
    expect(lab.system.inspector.status('keeper').watchers).toBe(0);
  });

  it('rejects with what the receiver fails it with; the receiver goes on', async () => {
    const ref = lab.system.ref(keeperName);
    await expect(ref.call({ type: 'refuse' })).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await expect(ref.call({ type: 'answer', value: 1 })).resolves.toBe(1);
  });

  it('may be answered later', async () => {
    const ref = lab.system.ref(keeperName);
    const calls = [ref.call({ type: 'keep' }), ref.call({ type: 'keep' })];
    ref.cast({ type: 'release', value: 'now' });
    await expect(Promise.all(calls)).resolves.toEqual(['now', 'now']);
  });

  it('times out at its deadline, not before', async () => {
    let outcome = 'waiting';
    void lab.system
      .ref(keeperName)
      .call({ type: 'keep' }, 100)
      .catch((thrown: unknown) => {
        outcome = Fault.from(thrown).code;
      });
    await lab.clock.advance(99);
    expect(outcome).toBe('waiting');
    await lab.clock.advance(1);
    expect(outcome).toBe('ACTOR_CALL_TIMEOUT');
  });

  it('waits 5 s unless told otherwise, and for ever if told so', async () => {
    const ref = lab.system.ref(keeperName);
    const settled: string[] = [];
    const wait = (name: string, call: Promise<string>) =>
      call.then(
        () => settled.push(name),
        () => settled.push(`${name} timed out`),
      );
    void wait('default', ref.call({ type: 'keep' }));
    void wait('infinity', ref.call({ type: 'keep' }, 'infinity'));
    await lab.clock.advance(4_999);
    expect(settled).toEqual([]);
    await lab.clock.advance(1_000_000);
    expect(settled).toEqual(['default timed out']);
  });

  it('drops and counts late replies', async () => {
    const ref = lab.system.ref(keeperName);
    const call = ref.call({ type: 'keep' }, 10);
    const rejected = expect(call).rejects.toMatchObject({ code: 'ACTOR_CALL_TIMEOUT' });
    await lab.clock.advance(10);
    await rejected;
    ref.cast({ type: 'release', value: 'late' });
    await lab.clock.settle();
    expect(lab.system.deadLetters()).toMatchObject({ count: 0, lateReplies: 1 });
  });

  it('takes the first of two answers, and counts the second', async () => {
    const eager: Behaviour<null, Request<{ readonly type: 'ask' }, number>> = {
      kind: 'eager',
      init: () => null,
      receive(state, { reply }) {
        reply.ok(1);
        reply.fail(new Fault('QUEUE_FULL'));
        return state;
      },
    };
    const started = await lab.system.spawn(eager, undefined);
    if (!started.ok) throw started.fault;
    await expect(started.ref.call({ type: 'ask' })).resolves.toBe(1);
    expect(lab.system.deadLetters().lateReplies).toBe(1);
  });

  it('rejects at once when the receiver ends, with its reason', async () => {
    const call = lab.system.ref(keeperName).call({ type: 'keep' });
    const rejected = expect(call).rejects.toMatchObject({
      code: 'ACTOR_DOWN',
      details: { name: 'keeper', reason: 'killed' },
    });
    await lab.kill('keeper');
    await rejected;
    expect(lab.clock.pending).toBe(0);
  });

  it('rejects when its message never leaves the mailbox of an actor that ends', async () => {
    const ref = lab.system.ref(keeperName);
    const { promise } = gate();
    ref.cast({ type: 'wedge', gate: promise });
    const rejected = expect(ref.call({ type: 'answer', value: 1 })).rejects.toMatchObject({
      code: 'ACTOR_DOWN',
    });
    await lab.kill('keeper');
    await rejected;
  });

  it('rejects when nobody is there', async () => {
    await lab.kill('keeper');
    await expect(lab.system.ref(keeperName).call({ type: 'keep' })).rejects.toMatchObject({
      code: 'ACTOR_DOWN',
      details: { reason: 'noproc' },
    });
  });
});

import { describe, expectTypeOf, it } from 'vitest';
import type { ActorRef, Request } from '../../../src/runtime/index.ts';

type Counter =
  | { readonly type: 'add'; readonly n: number }
  | Request<{ readonly type: 'get' }, number>
  | Request<{ readonly type: 'name'; readonly upper: boolean }, string>;

describe('ActorRef', () => {
  it('types each call by its request', () => {
    type CallsOf = ActorRef<Counter>;
    const get = (ref: CallsOf) => ref.call({ type: 'get' });
    const name = (ref: CallsOf) => ref.call({ type: 'name', upper: true });
    expectTypeOf(get).returns.resolves.toEqualTypeOf<number>();
    expectTypeOf(name).returns.resolves.toEqualTypeOf<string>();
  });

  it('refuses what the actor does not understand', () => {
    const wrong = (ref: ActorRef<Counter>) => {
      // @ts-expect-error -- not a request
      void ref.call({ type: 'add', n: 1 });
      // @ts-expect-error -- no such message
      ref.cast({ type: 'subtract', n: 1 });
      // @ts-expect-error -- a request needs somebody who waits
      ref.cast({ type: 'get' });
      // @ts-expect-error -- misses a field
      void ref.call({ type: 'name' });
    };
    expectTypeOf(wrong).toBeFunction();
  });

  it('stands for an actor that understands less, never for one that understands more', () => {
    expectTypeOf<ActorRef<Counter>>().toExtend<ActorRef<{ readonly type: 'add'; readonly n: number }>>();
    expectTypeOf<ActorRef<{ readonly type: 'add'; readonly n: number }>>().not.toExtend<ActorRef<Counter>>();
  });
});

import type { Fault } from '../src/base/errors.ts';
import type { Metrics } from '../src/base/metrics.ts';
import { placesPerThread } from '../src/pool/slot-board.ts';
import type { ActorRef, Behaviour, Context, Reply } from '../src/runtime/index.ts';
import type { PhotoDelivery } from '../src/transport/photo-delivery.ts';
import type { PhotoQueue } from '../src/transport/photo-queue.ts';
import type { Puller } from '../src/transport/puller.ts';
import type { FailurePolicy } from './failure-policy.ts';
import type { SpoutMessage, TaggerMessage, Tuple } from './tuple.ts';

/** One more than a thread has places, so that none waits for the main thread when a photo is done. */
const tuplesPerTagger = placesPerThread + 1;

/** What the spout works with. */
export interface PhotoSpoutArgument {
  readonly queue: PhotoQueue;
  readonly failures: FailurePolicy;
  /** Photos under lease at once. */
  readonly window: number;
  /** Lease on a photo, ms. */
  readonly ackWaitMs: number;
  readonly metrics: Metrics;
}

interface Held extends Tuple {
  /** Who has it, a tagger, the flow or the writer; nobody while it waits or fails. */
  at: string | undefined;
}

interface PhotoSpoutState extends PhotoSpoutArgument {
  readonly context: Context<SpoutMessage>;
  readonly puller: Puller<PhotoDelivery>;
  /** Every tuple under lease, by sequence. */
  readonly held: Map<number, Held>;
  readonly waiting: Held[];
  readonly taggers: Map<string, { readonly ref: ActorRef<TaggerMessage>; outstanding: number }>;
  draining: Reply<undefined> | undefined;
}

/**
 * The photo spout: pulls from the stream, hands tuples to taggers and keeps every lease until the tuple is settled.
 *
 * Backpressure is the window: what is not settled is not pulled anew. Without a tagger nothing is pulled at all, and what was is
 * handed back, so that other nodes have it.
 */
export const photoSpout: Behaviour<PhotoSpoutState, SpoutMessage, PhotoSpoutArgument> = {
  kind: 'photos',
  init: (argument, context) => {
    const puller = argument.queue.pull(
      (delivery) => {
        context.self.cast({ type: 'pulled', delivery });
      },
      { window: 0 },
    );
    context.after(argument.ackWaitMs / 3, { type: 'renew' });
    const state: PhotoSpoutState = {
      ...argument,
      context,
      puller,
      held: new Map(),
      waiting: [],
      taggers: new Map(),
      draining: undefined,
    };
    // A killed actor is not asked to terminate.
    context.ending.addEventListener('abort', () => {
      void handBack(state);
    });
    return state;
  },
  receive: (state, message) => {
    switch (message.type) {
      case 'pulled':
        take(state, message.delivery);
        break;
      case 'joined':
        state.context.monitor(message.tagger);
        state.taggers.set(message.tagger.address.name, { ref: message.tagger, outstanding: 0 });
        state.puller.resize(state.window);
        break;
      case 'began':
        giveBackOf(state, message.who);
        break;
      case 'passed':
        release(state, message.delivery, message.to);
        break;
      case 'failed':
        if (find(state, message.tuple.delivery) === undefined) break;
        release(state, message.tuple.delivery);
        fail(state, message);
        break;
      case 'settled':
        settle(state, message.delivery);
        break;
      case 'renew':
        if (state.taggers.size === 0) giveBackWaiting(state);
        for (const { delivery } of state.held.values()) delivery.working();
        state.context.after(state.ackWaitMs / 3, { type: 'renew' });
        break;
      case 'drain':
        drain(state, message.reply);
        break;
    }
    assign(state);
    state.metrics.inFlight.set(state.held.size);
    return state;
  },
  signal: (state, signal) => {
    if (signal.type === 'down') loseTagger(state, signal.from.name);
    assign(state);
    return state;
  },
  terminate: handBack,
  describe: ({ held, waiting, taggers, window, draining }) => ({
    window,
    held: Array.from(held.values(), ({ delivery, at }) => ({
      sequence: delivery.sequence,
      id: delivery.id,
      deliveries: delivery.deliveryCount,
      at: at ?? 'waiting',
    })),
    waiting: waiting.length,
    taggers: Object.fromEntries(Array.from(taggers, ([name, { outstanding }]) => [name, outstanding])),
    draining: draining !== undefined,
  }),
};

function take(state: PhotoSpoutState, delivery: PhotoDelivery): void {
  if (state.draining !== undefined) {
    delivery.retry();
    return;
  }
  if (delivery.deliveryCount > 1) state.metrics.redeliveries.inc();
  const earlier = state.held.get(delivery.sequence);
  if (earlier?.delivery.epoch === delivery.epoch) {
    // Its lease ran out while it was in work here, such as while the server was away: once is enough.
    delivery.abandon();
    return;
  }
  if (earlier !== undefined) release(state, earlier.delivery);
  const tuple: Held = { delivery, pulledAt: state.context.clock.monotonic(), at: undefined };
  state.held.set(delivery.sequence, tuple);
  const refusal = state.failures.refusal(delivery);
  if (refusal === undefined) state.waiting.push(tuple);
  else fail(state, { tuple, fault: refusal, charged: true });
}

/** Shuffle grouping, to whoever has least. */
function assign({ waiting, taggers }: PhotoSpoutState): void {
  while (waiting.length > 0) {
    const [name, idlest] =
      [...taggers].reduce<[string, { ref: ActorRef<TaggerMessage>; outstanding: number }] | undefined>(
        (least, entry) =>
          least === undefined || entry[1].outstanding < least[1].outstanding ? entry : least,
        undefined,
      ) ?? [];
    if (name === undefined || idlest === undefined || idlest.outstanding >= tuplesPerTagger) return;
    const tuple = waiting.shift();
    if (tuple === undefined) return;
    tuple.at = name;
    idlest.outstanding++;
    idlest.ref.cast({ type: 'tag', tuple });
  }
}

/** What is held for this very delivery; an earlier one of the same photo may still be heard of. */
function find({ held }: PhotoSpoutState, delivery: PhotoDelivery): Held | undefined {
  const tuple = held.get(delivery.sequence);
  return tuple?.delivery === delivery ? tuple : undefined;
}

/** A tagger that had it has a place again; `next` has the tuple now. */
function release(state: PhotoSpoutState, delivery: PhotoDelivery, next?: string): void {
  const tuple = find(state, delivery);
  if (tuple === undefined) return;
  const load = tuple.at === undefined ? undefined : state.taggers.get(tuple.at);
  if (load !== undefined) load.outstanding--;
  tuple.at = next;
}

function fail(state: PhotoSpoutState, failed: { tuple: Tuple; fault: Fault; charged: boolean }): void {
  const { delivery } = failed.tuple;
  void state.failures.settle(delivery, failed.fault, failed.charged).finally(() => {
    state.context.self.cast({ type: 'settled', delivery });
  });
}

function settle(state: PhotoSpoutState, delivery: PhotoDelivery): void {
  if (!delivery.settled || find(state, delivery) === undefined) return;
  state.held.delete(delivery.sequence);
  if (state.draining !== undefined && state.held.size === 0) state.draining.ok(undefined);
}

/** A tagger ended without a word about what it had: nobody is charged. */
function loseTagger(state: PhotoSpoutState, name: string): void {
  state.taggers.delete(name);
  if (state.taggers.size === 0) state.puller.resize(0);
  giveBackOf(state, name);
}

/** Whoever had these has ended without a word. */
function giveBackOf(state: PhotoSpoutState, name: string): void {
  for (const tuple of state.held.values()) if (tuple.at === name) giveBack(state, tuple);
}

/** Lets anybody have it. */
function giveBack(state: PhotoSpoutState, { delivery }: Held): void {
  delivery.retry();
  settle(state, delivery);
}

function giveBackWaiting(state: PhotoSpoutState): void {
  for (const tuple of state.waiting.splice(0)) giveBack(state, tuple);
}

/** Stops pulling, hands back what nobody has begun, and answers when the rest is settled. */
function drain(state: PhotoSpoutState, reply: Reply<undefined>): void {
  state.draining = reply;
  void state.puller.stop();
  giveBackWaiting(state);
  if (state.held.size === 0) reply.ok(undefined);
}

/** Pulls no more, and lets others have what is not settled. */
async function handBack({ puller, held }: PhotoSpoutState): Promise<void> {
  const stopped = puller.stop();
  for (const { delivery } of held.values()) delivery.retry();
  await stopped;
}

import { Fault } from '../src/base/errors.ts';
import type { Log } from '../src/base/log.ts';
import type { Metrics } from '../src/base/metrics.ts';
import type { ActorRef, Behaviour, Context } from '../src/runtime/index.ts';
import { checkTagResult } from '../src/store/tag-store.ts';
import type { SupervisedTagStore } from '../src/store/supervised-tag-store.ts';
import type { TagResult, WriteOutcome } from '../src/store/tag-store.ts';
import type { ResultPublisher } from '../src/transport/result-publisher.ts';
import { photoSpoutName } from './tuple.ts';
import type { SpoutMessage, TaggedTuple, WriterMessage } from './tuple.ts';

/** Rows in a transaction: enough to share one fsync, few enough to be quick. */
const batchLimit = 64;
const retryDelayMs = 500;

/** What the writer works with. */
export interface WriterArgument {
  /** Rejects with `STORE_UNAVAILABLE` while it is away. */
  readonly store: SupervisedTagStore;
  readonly results: ResultPublisher;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface WriterState extends WriterArgument {
  readonly context: Context<WriterMessage>;
  readonly spout: ActorRef<SpoutMessage>;
  readonly waiting: TaggedTuple[];
  /** Whether a batch is on its way: what comes meanwhile makes the next one. */
  writing: boolean;
}

/** The writer bolt: tags to the store, a transaction a batch, then the acknowledgement. A store that is away charges nobody. */
export const writer: Behaviour<WriterState, WriterMessage, WriterArgument> = {
  kind: 'dbwriter',
  init: (argument, context) => ({
    ...argument,
    context,
    spout: context.ref(photoSpoutName),
    waiting: [],
    writing: false,
  }),
  receive: (state, message) => {
    if (message.type === 'write') state.waiting.push(message.tuple);
    else state.writing = false;
    if (!state.writing && state.waiting.length > 0) {
      state.writing = true;
      void writeBatch(state);
    }
    return state;
  },
  describe: ({ waiting, writing }) => ({ waiting: waiting.length, writing }),
};

async function writeBatch(state: WriterState): Promise<void> {
  const { store, waiting, context, log } = state;
  const batch = waiting.splice(0, batchLimit).filter((tuple) => isWritable(state, tuple));
  const started = context.clock.monotonic();
  try {
    const outcomes = await store.write(batch.map((tuple) => toResult(tuple, context.clock.now())));
    state.metrics.stageSeconds.observe({ stage: 'write' }, (context.clock.monotonic() - started) / 1000);
    batch.forEach((tuple, index) => void acknowledge(state, tuple, outcomes[index] ?? 'stored'));
    context.self.cast({ type: 'next' });
  } catch (error) {
    log.warn(
      { fault: Fault.from(error).toWire(), photos: batch.length },
      'tags were not written; trying again',
    );
    waiting.unshift(...batch);
    context.after(retryDelayMs, { type: 'next' });
  }
}

/** A result that no store could keep must not take its batch with it. */
function isWritable({ spout, context }: WriterState, tuple: TaggedTuple): boolean {
  try {
    checkTagResult(toResult(tuple, context.clock.now()));
    return true;
  } catch (error) {
    spout.cast({ type: 'failed', tuple, fault: Fault.from(error), charged: true });
    return false;
  }
}

async function acknowledge(state: WriterState, tuple: TaggedTuple, outcome: WriteOutcome): Promise<void> {
  const { spout, metrics, results, context, log } = state;
  const { delivery, found, model, pulledAt } = tuple;
  try {
    await delivery.ack();
    metrics.photos.inc({ outcome });
    metrics.stageSeconds.observe({ stage: 'total' }, (context.clock.monotonic() - pulledAt) / 1000);
  } catch (error) {
    // Delivered again after its lease, and then stored over itself.
    log.warn({ fault: Fault.from(error).toWire(), id: delivery.id }, 'the acknowledgement was not confirmed');
  }
  const tags = model.name(delivery.top > 0 ? found.best : found.tags);
  results.publish(delivery, { model: model.handle.id, tags });
  spout.cast({ type: 'settled', sequence: delivery.sequence });
}

function toResult({ delivery, found, model }: TaggedTuple, taggedAt: number): TagResult {
  return {
    photoId: delivery.id,
    submission: { epoch: delivery.epoch, sequence: delivery.sequence },
    activation: model.handle.activation,
    model: model.handle.id,
    extractor: model.extractor,
    taggedAt,
    tags: model.name(found.tags),
  };
}
